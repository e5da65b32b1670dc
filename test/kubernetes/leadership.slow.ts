import { expect } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { temporaryDirectory } from "../support/process.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { type Door, openDoor } from "./door.ts";
import { type Replica, startReplica } from "./in-process.ts";
import { adapterOf, change, clusterOfFile, kubectl, openSessions, podLimitMs, register, whenReady } from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("several gateways on one store");

type Candidate = { readonly gateway: Replica; readonly door: Door; readonly instance: string };

/** Two gateways, each with a way of its own into the cluster; the first has the lead. */
async function openPair() {
  await using opening = new AsyncDisposableStack();
  const store = opening.use(await temporaryStore());
  const [first, second] = [await start("gateway-0"), await start("gateway-1")];
  const opened = opening.move();
  return { first, second, [Symbol.asyncDispose]: () => opened.disposeAsync() };

  async function start(instance: string): Promise<Candidate> {
    const { path } = opening.use(await temporaryDirectory());
    const door = opening.use(await openDoor(cluster(), path));
    const gateway = opening.use(await startReplica(store, door, instance));
    if (instance === "gateway-0") await leads({ gateway, door, instance });
    return { gateway, door, instance };
  }
}

async function leads({ gateway, instance }: Candidate): Promise<void> {
  await until(`${instance} leads`, gateway.leading, podLimitMs);
  expect(await holder()).toBe(instance);
}

const holder = () => kubectl(cluster(), "get", "lease", "mcp-gateway", "-o=jsonpath={.spec.holderIdentity}");

clusterTest(
  "of two gateways one writes; sessions of one go on at the other; when the leader stops the other leads",
  async () => {
    await using pair = await openPair();
    const { first, second } = pair;
    const clients = [first.gateway.as(), second.gateway.as()] as const;
    await register(clients[1], adapterOf("weather", { replicaCount: 2 }));
    await change(clients[0], adapterOf("weather", { replicaCount: 3 }));
    for (const client of clients) await whenReady(client, "weather", 3);
    expect(first.door.writes.length).toBeGreaterThan(0);
    expect(second.door.writes).toEqual([]);

    const sessions = await openSessions(first.gateway.mcpUrl("weather"), 4);
    for (const { session, replica } of sessions) {
      session.moveTo(second.gateway.mcpUrl("weather"));
      expect(await session.call("counter")).toEqual({ count: 1, replica });
    }

    const { length } = first.door.writes;
    await first.gateway[Symbol.asyncDispose]();
    // Given back: nobody waits until it is over.
    expect(await holder()).not.toBe("gateway-0");
    await leads(second);
    await change(clients[1], adapterOf("weather", { replicaCount: 1 }));
    await whenReady(clients[1], "weather", 1);
    expect(second.door.writes.length).toBeGreaterThan(0);
    expect(first.door.writes).toHaveLength(length);
    for (const { session, replica } of sessions.filter((home) => home.replica === "weather-0")) {
      expect(await session.call("counter")).toEqual({ count: 2, replica });
    }
    expect((await api.deleteAdapter({ client: clients[1], path: { name: "weather" } })).response?.status).toBe(204);
  },
  podLimitMs * 3,
);

clusterTest(
  "a leader that cannot reach the cluster stops to be one before another begins, and routes on",
  async () => {
    await using pair = await openPair();
    const { first, second } = pair;
    const client = first.gateway.as();
    await register(client, adapterOf("weather", { replicaCount: 2 }));
    await whenReady(client, "weather", 2);
    await whenReady(second.gateway.as(), "weather", 2);
    const sessions = await openSessions(first.gateway.mcpUrl("weather"), 2);

    let both = false;
    await first.door[Symbol.asyncDispose]();
    await change(client, adapterOf("weather", { replicaCount: 3 }));
    await until(
      "the other leads",
      () => {
        both ||= first.gateway.leading() && second.gateway.leading();
        return second.gateway.leading();
      },
      podLimitMs,
    );
    expect(both).toBe(false);
    expect(first.gateway.leading()).toBe(false);
    // What was written through the one is carried out by the other.
    await whenReady(second.gateway.as(), "weather", 3);
    expect(second.door.writes.length).toBeGreaterThan(0);
    for (const { session, replica } of sessions) expect(await session.call("counter")).toEqual({ count: 1, replica });
  },
  podLimitMs * 3,
);
