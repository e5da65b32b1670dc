import type { Caller } from "../caller.ts";
import type { ListKind, PeerIdentity, PeerRequest } from "../peer.ts";
import { endingWith } from "./ending.ts";
import type { Asked, PeerExchange } from "./exchange.ts";
import type { PeerLimits } from "./limits.ts";
import { changedList, type PeerWatch } from "./watch.ts";
import { isObject } from "../../message.ts";
import type { RpcMessage, Wire } from "./wire.ts";

/** A server that has said what it is: a session with it, or, where there are none, just how it is spoken to. */
export type PeerLink = {
  readonly identity: PeerIdentity;
  readonly hasSession: boolean;
  ask(caller: Caller, request: PeerRequest): Promise<Asked>;
  /** No more requests are made of it: once those under way are over its session ends, unless the server has lost it. */
  retire(session: "alive" | "lost"): void;
};

const levels = new Set(["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]);

export function peerLink({
  adapter,
  wire,
  identity,
  latestCaller,
  exchange,
  watch,
  lists,
  tell,
  own,
  limits,
}: {
  adapter: string;
  wire: Wire;
  identity: PeerIdentity;
  latestCaller: () => Caller;
  exchange: Pick<PeerExchange, "ask" | "tell">;
  watch: PeerWatch;
  /** Those whose changes the server tells. */
  lists: readonly ListKind[];
  tell: (list: ListKind) => void;
  own: (work: Promise<unknown>) => void;
  limits: PeerLimits;
}): PeerLink {
  const hasSession = wire.era === "legacy" && wire.session !== undefined;
  let underWay = 0;
  let retired: "no" | "alive" | "lost" = "no";
  let logLevel: string | undefined;
  watch.keep();

  return {
    identity,
    hasSession,
    async ask(caller, request) {
      underWay++;
      watch.keep();
      try {
        await setLevel(caller, request.signal);
        const { method, params, headers, signal } = request;
        const peer = { adapter, wire, caller };
        return await exchange.ask(
          peer,
          { method, params },
          { headers, signal, onNotification: listener(caller, request) },
        );
      } finally {
        underWay--;
        endIfOver();
      }
    },
    retire(session) {
      if (retired !== "no") return;
      retired = session;
      watch.end();
      endIfOver();
    },
  };

  function endIfOver(): void {
    if (retired !== "alive" || underWay > 0 || !hasSession) return;
    retired = "lost";
    own(exchange.tell({ adapter, wire, caller: latestCaller() }, "end-session"));
  }

  /** Modern requests say themselves what they want to hear; a session is told once. */
  async function setLevel(caller: Caller, signal: AbortSignal): Promise<void> {
    const level = caller.logLevel;
    if (!hasSession || level === undefined || level === logLevel || !levels.has(level)) return;
    if (!isObject(identity.capabilities.logging)) return;
    logLevel = level;
    using over = endingWith([signal], limits.tellMs);
    const request = { method: "logging/setLevel", params: { level } };
    await exchange.ask({ adapter, wire, caller }, request, { signal: over.signal });
  }

  function listener({ era, logLevel: wanted }: Caller, { params, onNotification }: PeerRequest) {
    const token = isObject(params._meta) ? params._meta.progressToken : undefined;
    return (method: string, said: RpcMessage) => {
      // A token of another request is none of this server's business.
      const isProgress = method === "notifications/progress" && token !== undefined && said.progressToken === token;
      // 2026-07-28: nobody hears the log who has not asked for it.
      const isLog = method === "notifications/message" && (era === "legacy" || wanted !== undefined);
      if (isProgress || isLog) onNotification?.({ method, params: said });
      const changed = changedList(method, lists);
      if (changed) tell(changed);
    };
  }
}
