import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../gateway/config.ts";
import type { Events } from "../../gateway/observe/events.ts";
import { alone, assemble, type Backends } from "../../gateway/parts.ts";
import { serve } from "../../gateway/serve.ts";
import { type Client, clientOf } from "./client.ts";

/** A whole gateway in this process, on a free port of loopback. */
export type TestGateway = AsyncDisposable & {
  readonly url: string;
  readonly metricsUrl: string | undefined;
  /** The generated REST client, calling as `dev`, or as whoever is named. */
  as(userId?: string, ...roles: string[]): Client;
  mcpUrl(adapter: string): URL;
};

/** `heard` may listen to what the gateway tells, where its backends are given; `idleSeconds` is how long it bears with idle clients. */
export async function startGateway(
  environment: Record<string, string> = {},
  backends?: Omit<Backends, "leadership"> & Partial<Backends>,
  heard: (events: Events) => Events = (events) => events,
  idleSeconds?: number,
): Promise<TestGateway> {
  await using opening = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gateway-"));
  opening.defer(() => rm(directory, { recursive: true, force: true }));
  const read = readConfig({
    PORT: "0",
    STORE_URL: `pglite:${directory}`,
    LOG_LEVEL: "silent",
    DRAIN_SECONDS: "1",
    ...environment,
  });
  if (read.state === "invalid") throw new Error(read.problems.join("\n"));
  const served = backends
    ? await serve(
        read.config,
        (config, events, metrics) => assemble(config, heard(events), { leadership: alone, ...backends }, metrics),
        idleSeconds,
      )
    : await serve(read.config);
  opening.defer(() => served.stop("the test is over"));
  const opened = opening.move();
  return {
    url: served.url,
    metricsUrl: served.metricsUrl,
    as: (userId = "dev", ...roles) => clientOf(served.url, devHeaders(userId, ...roles)),
    mcpUrl: (adapter) => new URL(`/adapters/${adapter}/mcp`, served.url),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Development identity. */
export function devHeaders(userId: string, ...roles: string[]): Record<string, string> {
  return { "x-dev-userid": userId, "x-dev-roles": roles.join(",") || "mcp.dev" };
}
