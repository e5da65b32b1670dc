import type { Registry } from "prom-client";
import { exposition } from "../gateway/observe/metrics/registry.ts";

/** Why no more reviews should be sent here, in words; undefined when they may. */
export type Unready = () => string | undefined;

/** Probes and metrics, plainly: whoever asks knows no certificate. */
export function healthServer({
  host,
  port,
  unready,
  registry,
}: {
  host: string;
  port: number;
  unready: Unready;
  registry: Registry;
}): Bun.Server<undefined> {
  return Bun.serve({
    hostname: host,
    port,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/healthz") return said(200, "ok");
      if (pathname === "/metrics") return await exposition(registry, request.headers.get("accept"));
      if (pathname !== "/readyz") return said(404, "There are /healthz, /readyz and /metrics.");
      const why = unready();
      return why === undefined ? said(200, "ok") : said(503, why);
    },
  });
}

function said(status: number, words: string): Response {
  return new Response(`${words}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
