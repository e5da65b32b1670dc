import { until } from "../until.ts";

/** A TCP port on loopback that nobody listened on a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Resolves when any HTTP answer comes back from `url`; 5xx ones do not count. */
export const answers = (url: string, limits: { signal: AbortSignal; alive: Promise<void> }): Promise<true> =>
  until(
    `${url} answers`,
    async () => {
      const status = await fetch(url, { signal: limits.signal }).then(
        (answer) => answer.status,
        () => 599,
      );
      return status < 500 ? true : undefined;
    },
    { ...limits, timeoutMs: 20_000 },
  );
