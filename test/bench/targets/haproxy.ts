import { startChild } from "../children.ts";
import { answers, freePort } from "./port.ts";
import { program } from "./program.ts";
import { type Site, type Target, upstreamPath } from "./target.ts";

/** HAProxy with sessions hashed onto upstreams, on one thread. */
export async function startHaproxy(site: Site, upstreamPorts: readonly number[]): Promise<Target> {
  const port = freePort();
  const file = `${site.folder}/haproxy.cfg`;
  await Bun.write(file, config({ port, upstreamPorts, connections: site.connections }));
  const child = startChild({
    name: "haproxy",
    command: [program("haproxy"), "-db", "-f", file],
    cores: site.cores.proxy,
    folder: site.folder,
  });
  const origin = `http://127.0.0.1:${port}`;
  await answers(origin + upstreamPath, { signal: site.signal, alive: child.ended });
  return {
    name: "haproxy",
    door: { origins: [origin], path: upstreamPath },
    pids: [child.pid],
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

// Without http-no-delay an event waits up to 200 ms for company; without abortonclose the upstream keeps streams nobody reads.
// Without the ratios idle connections are given up early, and without http-reuse each client's first request opens one.
const config = (at: { port: number; upstreamPorts: readonly number[]; connections: number }): string => `
global
  nbthread 1
  maxconn ${at.connections + 100}
  tune.pool-high-fd-ratio 100
  tune.pool-low-fd-ratio 100
defaults
  mode http
  option http-no-delay
  option abortonclose
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
frontend mcp
  bind 127.0.0.1:${at.port} backlog 4096
  default_backend replicas
backend replicas
  balance hdr(mcp-session-id)
  hash-type consistent
${at.upstreamPorts.map((port) => `  server u${port} 127.0.0.1:${port}`).join("\n")}
`;
