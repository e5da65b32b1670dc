import type { Caller } from "../caller.ts";
import type { ListKind } from "../peer.ts";
import { endingWith, pause } from "./ending.ts";
import type { PeerExchange } from "./exchange.ts";
import type { PeerLimits } from "./limits.ts";
import { readMessages, Unreadable } from "./messages.ts";
import { isObject } from "../../message.ts";
import type { Peer, Wire } from "./wire.ts";

/** One stream on which a server says that its lists have changed. It does not keep its connection in use. */
export type PeerWatch = {
  /** Opens the stream unless it is open, is about to be, or was refused: after it has ended with its caller's token. */
  keep(): void;
  end(): void;
};

const everyList: readonly ListKind[] = ["tools", "prompts", "resources"];

/** The lists of which a server says that it tells their changes. */
export function watchable(capabilities: Readonly<Record<string, unknown>>): ListKind[] {
  return everyList.filter((list) => isObject(capabilities[list]) && capabilities[list].listChanged === true);
}

/** The list whose change a notification tells, if it is one of these. */
export function changedList(method: unknown, lists: readonly ListKind[]): ListKind | undefined {
  return lists.find((list) => method === `notifications/${list}/list_changed`);
}

export function peerWatch({
  adapter,
  wire,
  lists,
  latestCaller,
  exchange,
  tell,
  own,
  now,
  random,
  limits,
}: {
  adapter: string;
  wire: Wire;
  lists: readonly ListKind[];
  /** Whose token is the freshest. */
  latestCaller: () => Caller;
  exchange: Pick<PeerExchange, "listen" | "openStream" | "answerServer">;
  tell: (list: ListKind) => void;
  own: (work: Promise<unknown>) => void;
  now: () => number;
  random: () => number;
  limits: PeerLimits;
}): PeerWatch {
  const ended = new AbortController();
  const isPossible = lists.length > 0 && (wire.era === "modern" || wire.session !== undefined);
  let state: "idle" | "running" | "refused" = isPossible ? "idle" : "refused";
  let lastEventId: string | undefined;
  let wasOpen = false;

  return {
    keep() {
      if (state !== "idle") return;
      state = "running";
      own(run());
    },
    end: () => ended.abort(null),
  };

  async function run(): Promise<void> {
    const { first, longest } = limits.rewatchMs;
    let failures = 0;
    while (!ended.signal.aborted && !isExpired()) {
      const openedMs = now();
      const watched = await watchOnce().catch(() => "ended" as const);
      if (watched === "refused") {
        state = "refused";
        return;
      }
      failures = now() - openedMs > longest ? 0 : failures + 1;
      const pauseMs = Math.min(first * 2 ** (failures - 1), longest) * (0.5 + random() / 2);
      await pause(pauseMs, ended.signal);
    }
    state = "idle";
  }

  /** Until the stream ends. Refused: the server will not have it, now or later. */
  async function watchOnce(): Promise<"ended" | "refused"> {
    const caller = latestCaller();
    const peer: Peer = { adapter, wire, caller };
    using over = endingWith([ended.signal]);
    const response = await (wire.era === "modern"
      ? exchange.listen(peer, lists, over.signal)
      : exchange.openStream(peer, over.signal, lastEventId));
    if (!response.ok || !response.headers.get("content-type")?.toLowerCase().startsWith("text/event-stream")) {
      void response.body?.cancel().catch(() => {});
      return isForNow(response.status) ? "ended" : "refused";
    }
    // What happened meanwhile is known only to a stream that goes on where it was.
    if (wasOpen && lastEventId === undefined) for (const list of lists) tell(list);
    wasOpen = true;
    const read = await readMessages(response, {
      take: takeFor(peer),
      maxBytes: Number.POSITIVE_INFINITY,
      maxEventBytes: limits.watchEventBytes,
      signal: over.signal,
    });
    lastEventId = read.state === "ended" ? (read.lastEventId ?? lastEventId) : undefined;
    return "ended";
  }

  function takeFor(peer: Peer) {
    let requests = 0;
    return (message: unknown): boolean => {
      if (!isObject(message) || typeof message.method !== "string") return false;
      const list = changedList(message.method, lists);
      if (list) tell(list);
      else if (wire.era === "legacy" && "id" in message) {
        if (++requests > limits.serverRequests) throw new Unreadable("The MCP server asks its client for too much");
        exchange.answerServer(peer, message);
      }
      return false;
    };
  }

  function isExpired(): boolean {
    const { expiresAtMs } = latestCaller();
    return expiresAtMs !== undefined && expiresAtMs <= now();
  }
}

/** A status that may be another soon; 409 where the server has not yet noticed the end of the stream before. */
function isForNow(status: number): boolean {
  return status >= 500 || status === 408 || status === 409 || status === 429 || status === 499;
}
