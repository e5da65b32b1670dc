import type { Asking } from "./asker.ts";

export const legacyRevision = "2025-11-25";
export const modernRevision = "2026-07-28";
/** One that nobody has ever supported. */
export const noRevision = "1999-01-01";

const clientInfo = { name: "mcp-gateway-doctor", version: "0.1.0" };
const claim = (name: string) => `io.modelcontextprotocol/${name}`;
const accept = "application/json, text/event-stream";

/** What later requests of a legacy client repeat; without an id where the server has no sessions. */
export type Session = { readonly id: string | undefined; readonly revision: string };

export type Requests = ReturnType<typeof requestsTo>;

/** The requests of MCP clients of both eras to one URL (streamable HTTP). `credentials` go with each of them. */
export function requestsTo(url: string, credentials: Readonly<Record<string, string>>, nextId: () => number) {
  return { modern, initialize, legacy, notify, openStream, endSession };

  /** A request of 2026-07-28. SDKs begin with `server/discover` to find out the era. */
  function modern(method: string, params: Record<string, unknown> = {}, more: Record<string, string> = {}): Asking {
    const _meta = {
      [claim("protocolVersion")]: modernRevision,
      [claim("clientInfo")]: clientInfo,
      [claim("clientCapabilities")]: {},
    };
    return post(
      { method, params: { ...params, _meta } },
      { "mcp-protocol-version": modernRevision, "mcp-method": method, ...more },
    );
  }

  function initialize(more: Record<string, string> = {}): Asking {
    const params = { protocolVersion: legacyRevision, capabilities: {}, clientInfo };
    return post({ method: "initialize", params }, more);
  }

  function legacy(method: string, session: Session, params: Record<string, unknown> = {}): Asking {
    return post({ method, params }, headersOf(session));
  }

  function notify(method: string, session: Session): Asking {
    const headers = { ...credentials, accept, "content-type": "application/json", ...headersOf(session) };
    return { url, method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", method }) };
  }

  function openStream(session: Session): Asking {
    const headers = { ...credentials, accept: "text/event-stream", ...headersOf(session) };
    return { url, method: "GET", headers };
  }

  function endSession(session: Session): Asking {
    return { url, method: "DELETE", headers: { ...credentials, ...headersOf(session) } };
  }

  function post(message: { method: string; params?: Record<string, unknown> }, more: Record<string, string>): Asking {
    const id = nextId();
    const headers = { ...credentials, accept, "content-type": "application/json", ...more };
    return { url, method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", id, ...message }), id };
  }
}

function headersOf({ id, revision }: Session): Record<string, string> {
  return { "mcp-protocol-version": revision, ...(id !== undefined && { "mcp-session-id": id }) };
}
