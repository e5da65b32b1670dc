import { startChild } from "../children.ts";
import { answers, freePort } from "./port.ts";
import { type Site, type Target, upstreamPath } from "./target.ts";

/** Bun.serve and fetch with nothing in between. */
export async function startFetch(site: Site, upstreamPorts: readonly number[]): Promise<Target> {
  const port = freePort();
  const child = startChild({
    name: "fetch",
    command: [process.execPath, `${import.meta.dir}/fetch-proxy.ts`, `${port}`, ...upstreamPorts.map(String)],
    cores: site.cores.proxy,
    folder: site.folder,
    environment: manyFetches,
  });
  const origin = `http://127.0.0.1:${port}`;
  await answers(origin + upstreamPath, { signal: site.signal, alive: child.ended });
  return {
    name: "fetch",
    door: { origins: [origin], path: upstreamPath },
    pids: [child.pid],
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Bun runs 256 fetches at once, open streams included, unless told otherwise before it starts. */
const manyFetches = { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" };
