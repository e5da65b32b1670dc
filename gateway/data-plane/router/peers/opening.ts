import type { PeerIdentity } from "../peer.ts";
import type { Asked, PeerExchange } from "./exchange.ts";
import { isObject } from "../../message.ts";
import { clientInfo, modernRevision, type Peer, type Wire } from "./wire.ts";

export type Opened =
  | { readonly state: "open"; readonly wire: Wire; readonly identity: PeerIdentity }
  | { readonly state: "unavailable"; readonly reason: string };

/** `refused`: the server does not know what it was asked. */
type Attempt = Opened | { readonly state: "refused"; readonly reason: string };

/** Servers known to be legacy, by the adapter's uid: the revision of the record at which that was found out. */
export type LegacyServers = {
  get(uid: string): number | undefined;
  set(uid: string, revision: number): unknown;
  delete(uid: string): unknown;
};

/** The latest first: it is what a server is offered. */
const legacyRevisions = ["2025-11-25", "2025-06-18", "2025-03-26"];

/** A status with which a server says nothing about what it speaks. */
const saysNothing = new Set([401, 403, 408, 413, 429, 499]);

/** Whether a server, or the data plane before it, did not carry a request out for want of a session or an era. */
export function isMisunderstood(asked: Asked): asked is Extract<Asked, { state: "refused" }> {
  return asked.state === "refused" && asked.status < 500 && !saysNothing.has(asked.status);
}

/** Finds out what a server speaks: 2026-07-28 if it answers `server/discover`, else what it answers to `initialize`. */
export function peerOpening({ exchange, legacy }: { exchange: PeerExchange; legacy: LegacyServers }) {
  return async function open(
    { uid, revision }: { uid: string; revision: number },
    { adapter, caller }: Pick<Peer, "adapter" | "caller">,
    signal: AbortSignal,
  ): Promise<Opened> {
    if (legacy.get(uid) === revision) {
      const opened = await initialize();
      if (opened.state !== "refused") return opened;
      legacy.delete(uid);
    }
    const discovered = await discover();
    if (discovered.state !== "refused") return discovered;
    const opened = await initialize();
    if (opened.state === "refused") return { state: "unavailable", reason: opened.reason };
    if (opened.state === "open") legacy.set(uid, revision);
    return opened;

    async function discover(): Promise<Attempt> {
      const wire = { era: "modern" } as const;
      const asked = await exchange.ask(
        { adapter, caller, wire },
        { method: "server/discover", params: {} },
        { signal },
      );
      if (asked.state !== "result") return attempt(asked);
      const { supportedVersions, capabilities } = asked.result;
      if (!Array.isArray(supportedVersions) || !supportedVersions.includes(modernRevision)) return unknownRevision;
      return { state: "open", wire, identity: { era: "modern", capabilities: asObject(capabilities) } };
    }

    async function initialize(): Promise<Attempt> {
      const before: Wire = { era: "legacy", revision: undefined, session: undefined };
      // No capabilities: nobody could carry to the client what a server asks of it outside of a request.
      const params = { protocolVersion: legacyRevisions[0], capabilities: {}, clientInfo };
      const asked = await exchange.ask({ adapter, caller, wire: before }, { method: "initialize", params }, { signal });
      if (asked.state !== "result") return attempt(asked);
      const { protocolVersion, capabilities } = asked.result;
      const agreed = legacyRevisions.find((known) => known === protocolVersion);
      if (agreed === undefined) return unknownRevision;
      const wire: Wire = { era: "legacy", revision: agreed, session: asked.session };
      await exchange.tell({ adapter, caller, wire }, { method: "notifications/initialized" });
      return { state: "open", wire, identity: { era: "legacy", capabilities: asObject(capabilities) } };
    }
  };
}

function attempt(asked: Exclude<Asked, { state: "result" }>): Attempt {
  if (asked.state === "error")
    return { state: "refused", reason: `The MCP server does not open: ${asked.error.message}` };
  return { state: isMisunderstood(asked) ? "refused" : "unavailable", reason: asked.reason };
}

const unknownRevision: Attempt = {
  state: "refused",
  reason: "The MCP server speaks no revision of the protocol that the tool router knows",
};

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
