/** What the gateway needs to know of a message. It goes on untouched, whatever this says. */
export type Message = {
  /** `initialize`, `tools/call`…; `response` for an answer to the server, `batch` for an array. */
  readonly method: string;
  readonly era: Era;
};

/** `modern` revisions (from 2026-07-28) know no sessions; `legacy` ones (to 2025-11-25) may. */
export type Era = "legacy" | "modern";

const firstModernRevision = "2026-07-28";
/** Longer ones are none of the protocol's, and are cut where they are told. */
const maxMethodLength = 128;
const revisionClaim = "io.modelcontextprotocol/protocolVersion";

/** Reads a parsed body and the MCP-Protocol-Version header. A claim of either makes it modern; both are dates, so they compare as text. */
export function classify(body: unknown, revisionHeader: string | null): Message {
  const claimed =
    isObject(body) && isObject(body.params) && isObject(body.params._meta)
      ? body.params._meta[revisionClaim]
      : undefined;
  return { method: methodOf(body), era: isModern(claimed) ? "modern" : eraOf(revisionHeader) };
}

/** The era of a request without a body. */
export function eraOf(revisionHeader: string | null): Era {
  return isModern(revisionHeader) ? "modern" : "legacy";
}

function isModern(revision: unknown): boolean {
  return typeof revision === "string" && /^\d{4}-\d\d-\d\d/.test(revision) && revision >= firstModernRevision;
}

function methodOf(body: unknown): string {
  if (Array.isArray(body)) return "batch";
  return isObject(body) && typeof body.method === "string" ? body.method.slice(0, maxMethodLength) : "response";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
