import type { Endpoint } from "../runtime/runtime.ts";

/**
 * The ready endpoints, best first, by rendezvous hashing (highest random weight). The same key gives the same order on
 * every gateway; when an endpoint comes or goes, only the keys that it wins or held move. Weights hang on the replica's
 * name, not its identity, so that a key finds its way back after a restart.
 */
export function ranked(endpoints: readonly Endpoint[], key: string): Endpoint[] {
  const seed = Bun.hash.xxHash32(key);
  return endpoints
    .filter((endpoint) => endpoint.state === "ready")
    .map((endpoint) => ({ endpoint, weight: Bun.hash.xxHash32(endpoint.name, seed) }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ endpoint }) => endpoint);
}

/** The first of `ranked`, without making the list: what nearly every request needs. */
export function place(endpoints: readonly Endpoint[], key: string): Endpoint | undefined {
  const seed = Bun.hash.xxHash32(key);
  let best: Endpoint | undefined;
  let bestWeight = -1;
  for (const endpoint of endpoints) {
    if (endpoint.state !== "ready") continue;
    const weight = Bun.hash.xxHash32(endpoint.name, seed);
    if (weight > bestWeight) {
      best = endpoint;
      bestWeight = weight;
    }
  }
  return best;
}
