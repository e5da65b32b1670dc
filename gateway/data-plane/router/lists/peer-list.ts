import type { Resource } from "../../../store/store.ts";
import type { Caller } from "../caller.ts";
import { type Definition, readDefinition } from "./definitions.ts";
import type { ListedKind } from "../listing.ts";
import type { PeerAnswer, PeerIdentity, Peers } from "../peer.ts";
import { tokensOf } from "./tokens.ts";

/** One list of one server. */
export type PeerList = {
  readonly entries: readonly Definition[];
  /** Of the entries as JSON. */
  readonly bytes: number;
  readonly estimatedTokens: number;
  /** What is left out, in words, if anything is. */
  readonly leftOut: string | null;
  /** Lists with the same are the same. */
  readonly digest: string;
};

export type PeerListRead =
  | { readonly state: "read"; readonly list: PeerList; readonly ttlMs: number; readonly isPublic: boolean }
  | { readonly state: "failed"; readonly reason: string };

export const maxPages = 50;
export const maxEntries = 5000;
export const maxListBytes = 4 * 1024 * 1024;
/** Legacy servers do not say how long a list holds. */
export const legacyTtlMs = 60_000;
export const maxTtlMs = 5 * 60_000;
/** SDKs say 0 unless told otherwise; then every list of the router would be asked of every server. */
export const minTtlMs = 5_000;

const lists = {
  tools: { method: "tools/list", capability: "tools" },
  prompts: { method: "prompts/list", capability: "prompts" },
  resources: { method: "resources/list", capability: "resources" },
  resourceTemplates: { method: "resources/templates/list", capability: "resources" },
} as const;

const methodNotFound = -32601;

/** Reads a server's list to its end, or to a limit. A server that has no such list has an empty one. */
export async function readPeerList(
  peers: Pick<Peers, "identify" | "request">,
  adapter: Resource<"adapter">,
  kind: ListedKind,
  caller: Caller,
): Promise<PeerListRead> {
  const { method, capability } = lists[kind];
  const reached = await peers.identify(adapter, caller, caller.signal);
  if (reached.state === "unavailable") return { state: "failed", reason: reached.reason };
  const { capabilities, era } = reached.identity;
  const reading = listReading(kind, era);
  if (!Object.hasOwn(capabilities, capability)) return reading.end();

  const seen = new Set<string>();
  for (let cursor: string | undefined; ;) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await peers.request(adapter, caller, { method, params, signal: caller.signal });
    if (answer.state === "error" && answer.error.code === methodNotFound) return reading.end();
    if (answer.state !== "result") return { state: "failed", reason: reasonOf(answer, method) };
    const { [kind]: page, nextCursor } = answer.result;
    if (!Array.isArray(page)) return { state: "failed", reason: `Its answer to ${method} has no list.` };
    if (reading.add(page, answer.result) === "full" || typeof nextCursor !== "string") return reading.end();
    seen.add(cursor ?? "");
    // A server that goes round in circles has shown everything.
    if (seen.has(nextCursor)) return reading.end();
    if (seen.size >= maxPages) return reading.cutShort();
    cursor = nextCursor;
  }
}

/** A server's own words about an error are for those who call it. */
function reasonOf(answer: Exclude<PeerAnswer, { state: "result" }>, method: string): string {
  return answer.state === "unavailable" ? answer.reason : `It answered ${method} with an error.`;
}

function listReading(kind: ListedKind, era: PeerIdentity["era"]) {
  const entries: Definition[] = [];
  const hash = new Bun.CryptoHasher("sha256");
  let bytes = "[]".length;
  let dropped = 0;
  let isCut = false;
  let ttlMs = era === "legacy" ? legacyTtlMs : maxTtlMs;
  let isPublic = era === "modern";

  return {
    add(page: readonly unknown[], result: Readonly<Record<string, unknown>>): "more" | "full" {
      if (era === "modern") {
        ttlMs = Math.min(ttlMs, ttlIn(result));
        isPublic &&= result.cacheScope === "public";
      }
      for (const entry of page) {
        if (!addEntry(entry)) return "full";
      }
      return "more";
    },
    cutShort() {
      isCut = true;
      return this.end();
    },
    end(): PeerListRead {
      const list = {
        entries,
        bytes,
        estimatedTokens: tokensOf(bytes),
        leftOut: leftOut(),
        digest: `${hash.copy().digest("base64")} ${dropped} ${isCut}`,
      };
      return { state: "read", list, ttlMs, isPublic };
    },
  };

  function addEntry(entry: unknown): boolean {
    const read = readDefinition(kind, entry);
    if (!read) {
      dropped++;
      return true;
    }
    const more = Buffer.byteLength(read.text) + (entries.length > 0 ? ",".length : 0);
    isCut ||= entries.length >= maxEntries || bytes + more > maxListBytes;
    if (isCut) return false;
    entries.push(read.definition);
    hash.update(read.text).update(",");
    bytes += more;
    return true;
  }

  function leftOut(): string | null {
    const parts = [
      ...(dropped > 0 ? [`${dropped} of its entries are left out: they are malformed or too large.`] : []),
      ...(isCut ? ["Its list is longer than the router reads."] : []),
    ];
    return parts.length > 0 ? parts.join(" ") : null;
  }
}

/** 2026-07-28, caching: what cannot be understood is not fresh. */
function ttlIn({ ttlMs }: Readonly<Record<string, unknown>>): number {
  return typeof ttlMs === "number" && ttlMs > minTtlMs ? ttlMs : minTtlMs;
}
