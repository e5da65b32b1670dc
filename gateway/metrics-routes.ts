import * as contract from "../openapi/health.ts";
import { problem } from "./problem.ts";
import type { RestApp } from "./rest.ts";

/** All figures, in the format that `accept` asks for. */
export type Metrics = (accept: string | null) => Promise<Response>;

/**
 * /metrics at the gateway's own port, which this machine alone can reach. Undefined: they are somewhere else, or nowhere. No
 * identity is asked for, so a web page must not get at them (DNS rebinding), nor whoever comes through a proxy on this machine.
 */
export function mountMetrics(app: RestApp, metrics: Metrics | undefined, nextRequestId: () => string): void {
  app.openapi(contract.readMetrics, (c) => {
    const { headers } = c.req.raw;
    if (!metrics || !isFromHere(headers)) return problem(404, "There is nothing at this path.", nextRequestId());
    return metrics(headers.get("accept")) as never;
  });
}

/** /metrics at a port of its own, where nothing else is. */
export function metricsPort(metrics: Metrics): (request: Request) => Response | Promise<Response> {
  return ({ method, url, headers }) => {
    if (new URL(url).pathname !== "/metrics") return said(404, "There is /metrics.");
    if (method === "GET" || method === "HEAD") return metrics(headers.get("accept"));
    return said(405, "GET and HEAD are possible here.", { allow: "GET, HEAD" });
  };
}

function isFromHere(headers: Headers): boolean {
  const host = headers.get("host") ?? "";
  const isLocal = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
  return isLocal && !forwarding.some((name) => headers.has(name));
}

const forwarding = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

function said(status: number, sentence: string, headers: Record<string, string> = {}): Response {
  return new Response(`${sentence}\n`, { status, headers });
}
