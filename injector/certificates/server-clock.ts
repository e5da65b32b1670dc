import type { Fetch } from "../../gateway/runtime/kubernetes/api/send.ts";

/**
 * The time of day as the API server has it, by the Date of its answers (RFC 9110 §6.6.1): it is who verifies, and it is the same for
 * all injectors, however wrong their own clocks may be. Before the first answer it is our own.
 */
export function serverClock({ fetch, now }: { fetch: Fetch; now: () => number }): { fetch: Fetch; now: () => number } {
  let aheadMs = 0;
  return {
    now: () => now() + aheadMs,
    async fetch(url, init) {
      const response = await fetch(url, init);
      const date = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(date)) aheadMs = date - now();
      return response;
    },
  };
}
