import type { Endpoint } from "../runtime/runtime.ts";
import { place, ranked } from "./affinity.ts";
import type { Forward, Forwarded, UpstreamRequest } from "./forward.ts";
import type { Replicas } from "./replicas.ts";
import type { Route } from "./route.ts";
import type { ResponseHead } from "./upstream/response-head.ts";

/** What became of a request. `lost`: its replica, and the session with it, is gone, maybe with the request in hand. `unready`: no replica took it in time. */
export type Delivered =
  | { state: "answered"; head: ResponseHead; response: Response; endpoint: Endpoint }
  | { state: "lost"; endpoint: Endpoint; mayHaveRun: boolean }
  | { state: "broken"; endpoint: Endpoint; reason: string }
  | { state: "unready" }
  | { state: "abandoned" };

export type DeliveryLimits = {
  /** How long a request waits for a replica to become ready. */
  readonly holdMs: number;
  /** How long the news of a replica's death may take to get here, once its connection has failed. */
  readonly newsMs: number;
};

/** Takes a request along its route, with what waiting and retrying is safe. */
export function delivery({
  replicas,
  forward,
  limits,
}: {
  replicas: Replicas;
  forward: Forward;
  limits: DeliveryLimits;
}) {
  return { toPinned, toReady };

  async function toPinned(
    request: UpstreamRequest,
    adapter: string,
    { endpoint }: Route & { state: "pinned" },
  ): Promise<Delivered> {
    const forwarded = await forward(request.seen.asks(request, endpoint), endpoint);
    if (forwarded.state === "answered") return { ...forwarded, endpoint };
    if (await replicas.gone(adapter, endpoint.id, limits.newsMs, request.client.signal)) {
      return { state: "lost", endpoint, mayHaveRun: forwarded.state === "broken" };
    }
    return failed(forwarded, endpoint);
  }

  /** The best ready replica. When it refuses the connection nothing was sent, so the next may be asked. */
  async function toReady(
    request: UpstreamRequest,
    adapter: string,
    { key }: Route & { state: "placed" },
    holdMs = limits.holdMs,
  ): Promise<Delivered> {
    let endpoint = place(replicas.of(adapter), key);
    if (!endpoint) {
      request.seen.waits();
      await replicas.someReady(adapter, holdMs, request.client.signal);
      endpoint = place(replicas.of(adapter), key);
      request.seen.waited(endpoint ? "served" : "unready");
      if (!endpoint) return request.client.signal.aborted ? { state: "abandoned" } : { state: "unready" };
    }
    const forwarded = await forward(request.seen.asks(request, endpoint), endpoint);
    if (forwarded.state === "refused") return toNext(request, adapter, key, endpoint);
    return forwarded.state === "answered" ? { ...forwarded, endpoint } : failed(forwarded, endpoint);
  }

  async function toNext(request: UpstreamRequest, adapter: string, key: string, refused: Endpoint): Promise<Delivered> {
    for (const endpoint of ranked(replicas.of(adapter), key)) {
      if (endpoint.id === refused.id) continue;
      const forwarded = await forward(request.seen.asks(request, endpoint), endpoint);
      if (forwarded.state === "answered") return { ...forwarded, endpoint };
      if (forwarded.state !== "refused") return failed(forwarded, endpoint);
    }
    return { state: "unready" };
  }
}

function failed(forwarded: Exclude<Forwarded, { state: "answered" }>, endpoint: Endpoint): Delivered {
  switch (forwarded.state) {
    case "refused":
      return { state: "unready" };
    case "broken":
      return { state: "broken", endpoint, reason: forwarded.reason };
    case "abandoned":
      return { state: "abandoned" };
  }
}
