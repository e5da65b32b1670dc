import type { Principal } from "../../auth/principal.ts";
import type { Era } from "../message.ts";
import type { Seen } from "../seen.ts";

/** Who asks the router, and what of the request the servers behind it are told. */
export type Caller = {
  readonly principal: Principal;
  /** When its token ends. */
  readonly expiresAtMs: number | undefined;
  /** The client's IP address. */
  readonly address: string;
  readonly requestId: string;
  /** How the client reached the gateway: `https://host:port` */
  readonly origin: string;
  readonly era: Era;
  /** The client's trace context (W3C), as it came. */
  readonly trace: { readonly traceparent?: string; readonly tracestate?: string };
  /** What the client says it can do (`io.modelcontextprotocol/clientCapabilities`); none in the legacy era. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** From where on servers are to tell what they log; undefined for nothing. */
  readonly logLevel: string | undefined;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  readonly seen: Seen;
};

/** Callers with the same key are shown the same by a server that looks at who asks. Roles may change with each token. */
export function accessKey({ key, roles }: Principal): string {
  return JSON.stringify([key, ...[...new Set(roles.map((role) => role.toLowerCase()))].sort()]);
}
