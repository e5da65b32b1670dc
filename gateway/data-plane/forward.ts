import type { Endpoint } from "../runtime/runtime.ts";
import type { Seen } from "./seen.ts";
import { type Answered, type Exchanged, exchange } from "./upstream/exchange.ts";
import { connectionPool, type PoolLimits } from "./upstream/pool.ts";
import type { OutgoingRequest } from "./upstream/request-head.ts";

export type UpstreamRequest = OutgoingRequest & {
  /** Is told what happens to it. */
  readonly seen: Seen;
};

/** `refused`: nothing was sent, another replica may be asked. `broken`: it may have acted on the request already. */
export type Forwarded = Exchanged;

/** The one seam to upstreams: send this request to that endpoint, and give back its answer, streaming. */
export type Forward = (request: UpstreamRequest, endpoint: Endpoint) => Promise<Forwarded>;

/** Node closes idle connections after 5 s, Python's servers too. */
export const usualLimits: PoolLimits = { connectMs: 5000, idleMs: 4000, maxIdle: 256, maxOpen: 60_000 };

/**
 * Over sockets of our own. Bodies stay as they are, no idle stream is cut, and redirects are not followed to where nobody
 * vouched for: only back to the same origin, once, for servers that insist on a trailing slash.
 */
export function forwardBySocket(
  limits: PoolLimits,
  now: () => number,
): { forward: Forward; readonly connections: number } & Disposable {
  const pool = connectionPool(limits, now);
  return {
    forward: (request, { origin }) => exchange(request, origin, pool, request.seen, followed),
    get connections() {
      return pool.size;
    },
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };

  /** A promise of its own for each answer would cost more than the look at its status. */
  function followed(first: Answered, request: UpstreamRequest, origin: string): Answered | Promise<Forwarded> {
    return isRedirect(first.response) ? follow(request, origin, first.response) : first;
  }

  async function follow(request: UpstreamRequest, origin: string, first: Response): Promise<Forwarded> {
    const location = first.headers.get("location") ?? "";
    const target = URL.parse(location, origin + request.target);
    await first.body?.cancel();
    if (!keepsMethod(first) || target?.origin !== new URL(origin).origin) {
      // The rest of the URL may be a secret, and this is logged.
      return { state: "broken", reason: `redirects to ${target?.origin ?? "what is no URL"}` };
    }
    const again = { ...request, target: target.pathname + target.search };
    const second = await exchange(again, origin, pool, request.seen);
    if (second.state !== "answered" || !isRedirect(second.response)) return second;
    await second.response.body?.cancel();
    return { state: "broken", reason: "redirects twice" };
  }
}

function isRedirect({ status }: Response): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** 307 and 308 keep method and body (RFC 9110 §15.4.8, §15.4.9). */
function keepsMethod({ status }: Response): boolean {
  return status === 307 || status === 308;
}
