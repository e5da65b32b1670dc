import { afterAll, beforeAll, expect } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { Client } from "../support/client.ts";
import { temporaryDirectory } from "../support/process.ts";
import { forgetLease, whenAgreed } from "./agreement.ts";
import { type Door, type Moment, openDoor } from "./door.ts";
import { adapterOf, clusterOfFile, podLimitMs, register, startGatewayOn, whenReady } from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("gateways that die between store and cluster");
const stack = new AsyncDisposableStack();
let data: string;
let door: Door;

beforeAll(async () => {
  if (!cluster()) return;
  data = stack.use(await temporaryDirectory()).path;
  door = stack.use(await openDoor(cluster(), stack.use(await temporaryDirectory()).path));
});
afterAll(() => stack.disposeAsync());

type Change = {
  readonly make: (client: Client, name: string) => Promise<unknown>;
  /** What it writes to the cluster, in order. */
  readonly writes: readonly [string, string];
  /** After it, in store and cluster. */
  readonly result: (name: string) => string[];
};

const applied = ["PATCH services", "PATCH statefulsets"] as const;
const update = (client: Client, name: string, changes: Parameters<typeof adapterOf>[1]) =>
  api.updateAdapter({ client, path: { name }, body: adapterOf(name, changes) });
const changes: Record<string, Change> = {
  create: {
    make: (client, name) => register(client, adapterOf(name)),
    writes: applied,
    result: (name) => [`${name} mcp-example:1 1`],
  },
  update: {
    make: (client, name) => update(client, name, { imageVersion: "2" }),
    writes: applied,
    result: (name) => [`${name} mcp-example:2 1`],
  },
  scale: {
    make: (client, name) => update(client, name, { replicaCount: 2 }),
    writes: applied,
    result: (name) => [`${name} mcp-example:1 2`],
  },
  delete: {
    make: (client, name) => api.deleteAdapter({ client, path: { name } }),
    writes: ["DELETE statefulsets", "DELETE services"],
    result: () => [],
  },
};

const points = [
  [0, "before"],
  [0, "after"],
  [1, "before"],
  [1, "after"],
] as const;
const table = Object.entries(changes).flatMap(([kind, change]) =>
  points.map(([step, moment]) => [kind, moment, change.writes[step], change] as const),
);

const plural = (path: string) => /\/(statefulsets|services)\b/.exec(path)?.[1];

/** Resolves once the gateway was killed right there; what it was about to hear, or to have done, is cut off. */
function killedAt(gateway: { end(signal: "SIGKILL"): Promise<unknown> }, moment: Moment, write: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  door.onWrite = async ({ method, path }, when) => {
    if (when !== moment || `${method} ${plural(path)}` !== write) return "go on";
    await gateway.end("SIGKILL");
    resolve();
    return "cut";
  };
  return promise;
}

clusterTest.each(table)(
  "%s, killed %s %s: the next gateway brings agreement",
  async (kind, moment, write, change) => {
    const name = `${kind}-${moment}-${write.toLowerCase().replace(" ", "-")}`;
    {
      await using gateway = await startGatewayOn(door, data);
      if (kind !== "create") {
        await register(gateway.as(), adapterOf(name));
        await whenReady(gateway.as(), name, 1);
      }
      const killed = killedAt(gateway, moment, write);
      change.make(gateway.as(), name).catch(() => undefined);
      await killed;
    }
    door.onWrite = async () => "go on";
    await forgetLease(cluster());

    await using next = await startGatewayOn(door, data);
    expect(await whenAgreed(next.as(), cluster())).toEqual(change.result(name));
    await api.deleteAdapter({ client: next.as(), path: { name } });
    expect(await whenAgreed(next.as(), cluster())).toEqual([]);
  },
  podLimitMs * 2,
);
