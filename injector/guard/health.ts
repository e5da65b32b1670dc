import type { Registry } from "prom-client";
import { exposition } from "../../gateway/observe/metrics/registry.ts";

/** For probes and Prometheus, on a port of its own: nothing here needs to be let in. `unready` says in words why, if so. */
export function healthRoutes({
  unready,
  registry,
}: {
  unready: () => Promise<string | undefined>;
  registry: Registry;
}): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return new Response("Method not allowed\n", { status: 405 });
    switch (new URL(request.url).pathname) {
      case "/healthz":
        return new Response("ok\n");
      case "/readyz": {
        const why = await unready();
        return why === undefined ? new Response("ready\n") : new Response(`${why}\n`, { status: 503 });
      }
      case "/metrics":
        return exposition(registry, request.headers.get("accept"));
    }
    return new Response("Not found\n", { status: 404 });
  };
}
