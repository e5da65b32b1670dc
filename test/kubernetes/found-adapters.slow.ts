import { expect } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { Client } from "../support/client.ts";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { temporaryStore } from "../support/store.ts";
import { openDoor } from "./door.ts";
import { apply, barePod, deployment, guardedSet, statefulSet } from "./found.ts";
import { startReplica } from "./in-process.ts";
import {
  adapterOf,
  clusterOfFile,
  kubectl,
  openSessions,
  podLimitMs,
  register,
  startGatewayOn,
  statusOf,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("adapters that people run themselves");

const read = (client: Client, name: string) => api.getAdapter({ client, path: { name } });

const whenRegistered = (client: Client, name: string) =>
  until(`${name} is registered`, async () => (await read(client, name)).data, podLimitMs);

const whenGone = (client: Client, name: string) =>
  until(`${name} is not registered`, async () => (await read(client, name)).response?.status === 404, podLimitMs);

const namesListed = async (client: Client) => (await api.listAdapters({ client })).data?.map(({ name }) => name);

/** Which of several that have had this name it is. */
const identityOf = async (client: Client, name: string) =>
  (await read(client, name)).response?.headers.get("etag")?.slice(1, 9);

const warningsAbout = (object: string) =>
  kubectl(cluster(), "events", `--for=${object}`, "--types=Warning", "--no-headers");

/** Sessions until there is one on each of these. */
async function sessionsOnEach(url: URL, replicas: readonly string[]) {
  return until("a session on each replica", async () => {
    const homes = await openSessions(url, 4 * replicas.length);
    const found = replicas.map((replica) => homes.find((home) => home.replica === replica));
    return found.every((home) => home !== undefined) && found;
  });
}

clusterTest(
  "a StatefulSet applied with kubectl is an adapter: listed, routed, read-only over REST, scaled and deleted with kubectl",
  async () => {
    await using directory = await temporaryDirectory();
    await using gateway = await startGatewayOn(cluster(), directory.path, { GUARD: "off" });
    const client = gateway.as();
    const admin = gateway.as("root", "mcp.admin");

    await apply(cluster(), statefulSet({ name: "weather", replicas: 2 }));
    const appliedMs = performance.now();
    const record = await whenRegistered(client, "weather");
    expect(performance.now() - appliedMs).toBeLessThan(5_000);
    expect(record).toMatchObject({
      name: "weather",
      imageName: "mcp-example",
      imageVersion: "1",
      replicaCount: 2,
      requiredRoles: ["mcp.dev"],
      managedBy: "kubernetes",
      createdBy: "kubernetes",
    });
    expect(await namesListed(client)).toEqual(["weather"]);
    expect(await whenReady(client, "weather", 2)).toMatchObject({
      image: "mcp-example:1",
      replicaStatus: "Healthy",
      reason: null,
      updatedReplicas: 2,
      replicas: [
        { name: "weather-0", instance: 0, state: "ready", restarts: 0, reason: null },
        { name: "weather-1", instance: 1, state: "ready", restarts: 0, reason: null },
      ],
    });
    const mcp = gateway.mcpUrl("weather");
    const [first, second] = await sessionsOnEach(mcp, ["weather-0", "weather-1"]);
    for (const home of [first, second]) expect(await home?.session.call("counter")).toMatchObject({ count: 1 });

    const body = { name: "weather", imageName: "mcp-example", imageVersion: "1" };
    for (const who of [client, admin]) {
      const detail = "The adapter is managed by Kubernetes: change or delete its StatefulSet or pods with kubectl.";
      const put = await api.updateAdapter({ client: who, path: { name: "weather" }, body });
      expect([put.response?.status, put.error?.detail]).toEqual([409, detail]);
      const removed = await api.deleteAdapter({ client: who, path: { name: "weather" } });
      expect([removed.response?.status, removed.error?.detail]).toEqual([409, detail]);
      expect((await api.createAdapter({ client: who, body })).response?.status).toBe(409);
    }
    const { data: logs } = await api.getAdapterLogs({ client, path: { name: "weather" }, query: { instance: 1 } });
    expect(logs).toContain("listening");

    await kubectl(cluster(), "scale", "statefulset/weather", "--replicas=3");
    await whenReady(client, "weather", 3);
    expect((await read(client, "weather")).data?.replicaCount).toBe(3);
    await sessionsOnEach(mcp, ["weather-2"]);
    await kubectl(cluster(), "scale", "statefulset/weather", "--replicas=1");
    await whenReady(client, "weather", 1);
    expect(await first?.session.call("counter")).toMatchObject({ count: 2, replica: "weather-0" });
    expect(await second?.session.statusOf("counter")).toBe(404);

    await kubectl(cluster(), "delete", "statefulset/weather");
    await whenGone(client, "weather");
    expect(await namesListed(client)).toEqual([]);
    const { data: trail } = await api.listAudit({ client: admin, query: { name: "weather", actor: "kubernetes" } });
    expect(trail?.entries.map(({ action }) => action)).toEqual(["delete", "update", "update", "create"]);
  },
  podLimitMs * 4,
);

clusterTest(
  "pods of a Deployment and pods of nobody are adapters, too; a single pod that is replaced stays the same adapter",
  async () => {
    await using directory = await temporaryDirectory();
    await using gateway = await startGatewayOn(cluster(), directory.path, { GUARD: "off" });
    const client = gateway.as();
    await apply(cluster(), deployment({ name: "rain", replicas: 2 }), barePod({ name: "tide" }));
    const [rain] = [await whenReady(client, "rain", 2), await whenReady(client, "tide", 1)];
    expect(rain.replicas.map(({ instance, state }) => [instance, state])).toEqual([
      [0, "ready"],
      [1, "ready"],
    ]);
    const names = rain.replicas.map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    const homes = await sessionsOnEach(gateway.mcpUrl("rain"), names);

    await kubectl(cluster(), "scale", "deployment/rain", "--replicas=3");
    const three = await whenReady(client, "rain", 3);
    await sessionsOnEach(
      gateway.mcpUrl("rain"),
      three.replicas.map(({ name }) => name),
    );
    for (const home of homes) expect(await home?.session.call("counter")).toEqual({ count: 1, replica: home?.replica });
    await until("the record follows", async () => (await read(client, "rain")).data?.replicaCount === 3, podLimitMs);

    const identity = await identityOf(client, "tide");
    const [before] = await openSessions(gateway.mcpUrl("tide"), 1);
    await kubectl(cluster(), "delete", "pod/tide");
    await apply(cluster(), barePod({ name: "tide" }));
    await whenReady(client, "tide", 1);
    expect(await identityOf(client, "tide")).toBe(identity);
    expect(await before?.session.statusOf("counter")).toBe(404);
    expect(await openSessions(gateway.mcpUrl("tide"), 1)).toHaveLength(1);

    await kubectl(cluster(), "delete", "deployment/rain", "pod/tide");
    for (const name of ["rain", "tide"]) await whenGone(client, name);
  },
  podLimitMs * 4,
);

clusterTest(
  "what cannot be registered is told by Events, and a name that is taken sends nobody to the wrong pod",
  async () => {
    await using directory = await temporaryDirectory();
    await using gateway = await startGatewayOn(cluster(), directory.path, { GUARD: "off" });
    const client = gateway.as();
    await register(client, adapterOf("taken"));
    await whenReady(client, "taken", 1);

    const misplaced = statefulSet({ name: "misplaced", replicas: 0 });
    const { template, ...spec } = misplaced.spec;
    const onItself = {
      ...misplaced,
      metadata: { ...misplaced.metadata, labels: { "mcp-gateway/adapter": "misplaced" } },
      spec: { ...spec, template: { ...template, metadata: { labels: { app: "misplaced" } } } },
    };
    await apply(
      cluster(),
      barePod({ name: "impostor", adapter: "taken" }),
      barePod({ name: "misnamed", adapter: "Mis.Named" }),
      barePod({ name: "opted-out", labels: { "mcp-gateway/inject": "false" } }),
      barePod({ name: "misspelled", annotations: { "mcp-gateway/allowed-tools": "all" } }),
      onItself,
    );
    const told: Record<string, string> = {
      "pod/impostor": 'The name "taken" is taken by an adapter that was registered over REST.',
      "pod/misnamed": '"Mis.Named" cannot be the name of an adapter',
      "pod/misspelled": "The annotation mcp-gateway/allowed-tools cannot be read, so no tool is allowed.",
      "statefulset/misplaced": "The label mcp-gateway/adapter belongs to the pods",
    };
    for (const [object, words] of Object.entries(told)) {
      await until(`${object} is told`, async () => (await warningsAbout(object)).includes(words), podLimitMs);
    }
    await kubectl(cluster(), "wait", "pod/impostor", "pod/opted-out", "--for=condition=Ready", "--timeout=30s");
    const admin = gateway.as("root", "mcp.admin");
    expect(await namesListed(admin)).toEqual(["misspelled", "taken"]);
    expect((await read(admin, "misspelled")).data).toMatchObject({ allowedTools: {}, requiredRoles: [] });

    const homes = await openSessions(gateway.mcpUrl("taken"), 8);
    expect(new Set(homes.map(({ replica }) => replica))).toEqual(new Set(["taken-0"]));
    expect(await statusOf(client, "taken")).toMatchObject({ replicas: [{ name: "taken-0" }] });
    // Given up over REST, it is the pod's.
    expect((await api.deleteAdapter({ client, path: { name: "taken" } })).response?.status).toBe(204);
    await whenReady(client, "taken", 1);
    expect((await read(client, "taken")).data?.managedBy).toBe("kubernetes");
    const [home] = await openSessions(gateway.mcpUrl("taken"), 1);
    expect(home?.replica).toBe("impostor");
    await kubectl(cluster(), "delete", "pods,statefulsets", "--all");
    await whenGone(client, "taken");
  },
  podLimitMs * 4,
);

clusterTest(
  "where guards are, replicas are reached through them, and those that have none not at all, which the status explains",
  async () => {
    await using directory = await temporaryDirectory();
    await using gateway = await startGatewayOn(cluster(), directory.path);
    const client = gateway.as();
    await apply(cluster(), guardedSet({ name: "weather", replicas: 2 }), statefulSet({ name: "bare" }));
    const { replicas } = await whenReady(client, "weather", 2);
    await sessionsOnEach(
      gateway.mcpUrl("weather"),
      replicas.map(({ name }) => name),
    );

    await kubectl(cluster(), "wait", "pod/bare-0", "--for=condition=Ready", "--timeout=30s");
    const words = "has no guard: it was made while the injector was away; delete the pod so that it is made again";
    const status = await until("its status says why", async () => {
      const now = await statusOf(client, "bare");
      return now?.reason === `bare-0 ${words}` && now;
    });
    expect(status).toMatchObject({
      readyReplicas: 0,
      replicaStatus: "Degraded: 0/1 ready",
      replicas: [{ name: "bare-0", state: "starting", reason: `it ${words}` }],
    });
    await expect(openSessions(gateway.mcpUrl("bare"), 1)).rejects.toThrow("503");
    await kubectl(cluster(), "delete", "statefulsets", "--all");
    for (const name of ["weather", "bare"]) await whenGone(client, name);
  },
  podLimitMs * 4,
);

clusterTest(
  "a gateway that is killed finds everything again: registrations, sessions, and what came and went meanwhile",
  async () => {
    await using directory = await temporaryDirectory();
    const start = () => startGatewayOn(cluster(), directory.path, { GUARD: "off" });
    await apply(cluster(), statefulSet({ name: "weather", replicas: 2 }), barePod({ name: "tide" }));
    await using first = await start();
    await Promise.all([whenReady(first.as(), "weather", 2), whenReady(first.as(), "tide", 1)]);
    const identity = await identityOf(first.as(), "weather");
    const homes = await openSessions(first.mcpUrl("weather"), 4);
    await first.end("SIGKILL");

    await kubectl(cluster(), "delete", "pod/tide");
    await apply(cluster(), barePod({ name: "later" }));
    await using second = await start();
    const client = second.as();
    await whenReady(client, "weather", 2);
    expect(await identityOf(client, "weather")).toBe(identity);
    for (const { session, replica } of homes) {
      session.moveTo(second.mcpUrl("weather"));
      expect(await session.call("counter")).toEqual({ count: 1, replica });
    }
    await Promise.all([whenReady(client, "later", 1), whenGone(client, "tide")]);
    await kubectl(cluster(), "delete", "pods,statefulsets", "--all");
    for (const name of ["weather", "later"]) await whenGone(client, name);
  },
  podLimitMs * 4,
);

clusterTest(
  "two gateways show and route the same; when the one that registers stops, the other goes on",
  async () => {
    await using store = await temporaryStore();
    const [firstsDirectory, secondsDirectory] = [await temporaryDirectory(), await temporaryDirectory()];
    await using firstDoor = await openDoor(cluster(), firstsDirectory.path);
    await using secondDoor = await openDoor(cluster(), secondsDirectory.path);
    await using first = await startReplica(store, firstDoor, "gateway-0");
    await until("the first leads", first.leading, podLimitMs);
    await using second = await startReplica(store, secondDoor, "gateway-1");

    await apply(cluster(), statefulSet({ name: "weather", replicas: 2 }));
    for (const gateway of [first, second]) await whenReady(gateway.as(), "weather", 2);
    const homes = await openSessions(first.mcpUrl("weather"), 4);
    for (const { session, replica } of homes) {
      session.moveTo(second.mcpUrl("weather"));
      expect(await session.call("counter")).toEqual({ count: 1, replica });
    }
    await first[Symbol.asyncDispose]();
    await until("the second leads", second.leading, podLimitMs);
    await kubectl(cluster(), "scale", "statefulset/weather", "--replicas=3");
    await whenReady(second.as(), "weather", 3);
    await kubectl(cluster(), "delete", "statefulset/weather");
    await whenGone(second.as(), "weather");
    const admin = second.as("root", "mcp.admin");
    const { data } = await api.listAudit({ client: admin, query: { name: "weather" } });
    expect(data?.entries.map(({ action, actor }) => `${actor} ${action}`)).toEqual([
      "kubernetes delete",
      "kubernetes update",
      "kubernetes create",
    ]);
    // Neither has changed anything of it.
    expect([...firstDoor.writes, ...secondDoor.writes]).toEqual([]);
  },
  podLimitMs * 4,
);
