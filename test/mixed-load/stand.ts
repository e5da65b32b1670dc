import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import * as api from "../../openapi/client/index.ts";
import { startChild } from "../bench/children.ts";
import { allowedCores } from "../bench/proc.ts";
import { gatewayProgram, observed, startCollector } from "../bench/targets/gateway.ts";
import { answers, freePort } from "../bench/targets/port.ts";
import { until } from "../bench/until.ts";
import type { Upstream } from "../bench/upstreams.ts";
import { type Client, clientOf } from "../support/client.ts";
import { type AdapterDocument, type AdapterName, documents, images, selection } from "./adapters.ts";
import { endReplicas, type Family, familyOf } from "./replica-processes.ts";

/** A gateway as its users have it, with all adapters ready. */
export type Stand = AsyncDisposable & {
  readonly origin: string;
  readonly client: Client;
  /** As they were registered; who changes one over REST changes it here, too. */
  readonly documents: Record<AdapterName, AdapterDocument>;
  /** Rejects when the gateway ends by itself, with its last words. */
  readonly alive: Promise<void>;
  family(): Family;
  /** Where the replicas of `plain` have said that they are, those that have ended included. */
  plainReplicas(): Upstream[];
  /** Which replicas of an adapter are ready, by the gateway's word. */
  ready(adapter: string): Promise<string[]>;
};

/** `folder` is for configuration, logs and state. */
export async function openStand(at: {
  folder: string;
  replicas: number;
  guard: boolean;
  signal: AbortSignal;
}): Promise<Stand> {
  await using starting = new AsyncDisposableStack();
  const { folder, replicas, guard, signal } = at;
  const cores = allowedCores().join();
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  const upstreams = `${folder}/upstreams`;
  await mkdir(upstreams);
  await Bun.write(`${folder}/images.json`, JSON.stringify(images));

  const collector = starting.use(startCollector({ cores: { proxy: cores, rest: cores }, folder }, "mixed-load"));
  // A gateway that had to be killed leaves its replicas.
  let left: Family["replicas"] = [];
  starting.defer(() => endReplicas(left));
  const child = starting.use(
    startChild({
      name: "gateway",
      command: [process.execPath, gatewayProgram],
      cores,
      folder,
      environment: {
        PORT: `${port}`,
        HOST: "127.0.0.1",
        STORE_URL: `pglite:${folder}/data`,
        IMAGE_CATALOGUE: `${folder}/images.json`,
        AUTH: "dev",
        GUARD: guard ? "on" : "off",
        ...observed(collector.port),
      },
    }),
  );
  starting.defer(() => {
    left = familyOf(child.pid).replicas;
  });
  const limits = { signal, alive: child.ended };
  await answers(`${origin}/ping`, limits);
  const client = clientOf(origin, {});
  const registered = documents(replicas, upstreams);
  for (const body of Object.values(registered)) accepted(body.name, await api.createAdapter({ client, body }));
  accepted(selection.name, await api.createServer({ client, body: selection }));
  for (const { name } of Object.values(registered)) {
    const isReady = async () => (await ready(name)).length === replicas || undefined;
    await until(`${replicas} replicas of ${name}`, isReady, { ...limits, timeoutMs: readyLimitMs });
  }

  const started = starting.move();
  return {
    origin,
    client,
    documents: registered,
    alive: child.ended,
    family: () => familyOf(child.pid),
    plainReplicas: () =>
      readdirSync(upstreams)
        .filter((name) => name.endsWith(".json"))
        .map((name): Upstream => JSON.parse(readFileSync(`${upstreams}/${name}`, "utf8"))),
    ready,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };

  async function ready(name: string): Promise<string[]> {
    const { data } = await api.getAdapterStatus({ client, path: { name } });
    return data?.replicas.filter(({ state }) => state === "ready").map(({ name }) => name) ?? [];
  }
}

const readyLimitMs = 60_000;

/** Fails with what the gateway said. */
export function accepted(what: string, { response, error }: { response?: Response; error?: unknown }): void {
  if (!response?.ok) throw new Error(`${what}: ${response?.status ?? "no answer"} ${JSON.stringify(error)}`);
}
