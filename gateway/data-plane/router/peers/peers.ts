import { LRUCache } from "lru-cache";
import type { Events } from "../../../observe/events.ts";
import type { Resource } from "../../../store/store.ts";
import type { Call } from "../../exchange.ts";
import { accessKey, type Caller } from "../caller.ts";
import type { ListKind, Peers } from "../peer.ts";
import { type PeerConnection, peerConnection } from "./connection.ts";
import { peerExchange } from "./exchange.ts";
import { type PeerLimits, usualPeerLimits } from "./limits.ts";
import { peerOpening } from "./opening.ts";

/** One entry is a uid and a number. */
const maxLegacyServers = 10_000;
/** In one idle time a connection is looked at so often. */
const sweepsPerIdle = 5;

type Listener = Parameters<Peers["subscribe"]>[0];

/**
 * The MCP servers behind the router: a connection for each adapter and access, opened when it is first used and kept
 * while it is used. `proxy` is the data plane's own, so that access, tool policy, limits, affinity, the sealing of
 * sessions and audit are as for a client at the adapter's URL. `now` in milliseconds since 1970.
 */
export function peers({
  proxy,
  now,
  events,
  limits = usualPeerLimits,
  random = Math.random,
}: {
  proxy: (request: Request, call: Call) => Promise<Response>;
  now: () => number;
  events: Pick<Events, "upstreamFailed">;
  limits?: PeerLimits;
  random?: () => number;
}): Peers {
  const listeners = new Set<Listener>();
  const closing = new AbortController();
  const background = new Set<Promise<unknown>>();
  const exchange = peerExchange({ proxy, limits, closing: closing.signal, own, events });
  const legacy = new LRUCache<string, number>({ max: maxLegacyServers });
  const open = peerOpening({ exchange, legacy });
  const connections = new LRUCache<string, PeerConnection>({
    max: limits.connections,
    dispose: (connection) => connection.close(),
  });
  let sweep: ReturnType<typeof setInterval> | undefined;

  return {
    identify: async (adapter, caller, signal) =>
      closing.signal.aborted ? closed : kept(connectionTo(adapter, caller).identify(adapter, caller, signal)),
    request: async (adapter, caller, request) =>
      closing.signal.aborted ? closed : kept(connectionTo(adapter, caller).request(adapter, caller, request)),
    subscribe(onChange) {
      listeners.add(onChange);
      return () => void listeners.delete(onChange);
    },
    async [Symbol.asyncDispose]() {
      closing.abort(null);
      clearInterval(sweep);
      listeners.clear();
      connections.clear();
      while (background.size > 0) await Promise.allSettled(background);
    },
  };

  function connectionTo({ uid, name }: Resource<"adapter">, { principal }: Caller): PeerConnection {
    const access = accessKey(principal);
    const key = JSON.stringify([uid, access]);
    const known = connections.get(key);
    if (known) return known;
    const tell = (list: ListKind) => {
      for (const listener of listeners) listener({ adapter: name, accessKey: access, list });
    };
    const connection = peerConnection({ open, exchange, tell, own, now, random, limits });
    connections.set(key, connection);
    sweep ??= startSweep();
    return connection;
  }

  function startSweep() {
    const timer = setInterval(closeIdle, limits.idleMs / sweepsPerIdle);
    timer.unref();
    return timer;
  }

  function closeIdle(): void {
    for (const [key, connection] of [...connections.entries()]) {
      if (!connection.inUse && now() - connection.lastUsedMs >= limits.idleMs) connections.delete(key);
    }
    if (connections.size > 0) return;
    clearInterval(sweep);
    sweep = undefined;
  }

  /** What is disposed waits for it. */
  function kept<Answer>(answer: Promise<Answer>): Promise<Answer> {
    own(answer);
    return answer;
  }

  /** Work that nobody else waits for. */
  function own(work: Promise<unknown>): void {
    const owned = work.catch(() => {}).finally(() => background.delete(owned));
    background.add(owned);
  }
}

const closed = { state: "unavailable", reason: "The gateway is closing" } as const;
