import { afterAll, beforeAll, expect } from "bun:test";
import { type GatewayProcess, temporaryDirectory } from "../support/process.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { startReplica } from "./in-process.ts";
import {
  adapterOf,
  clusterOfFile,
  kubectl,
  openSessions,
  podLimitMs,
  podsOf,
  register,
  startGatewayOn,
  statusOf,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("what somebody else changes");
const name = "weather";
const stack = new AsyncDisposableStack();
let gateway: GatewayProcess;

beforeAll(async () => {
  if (!cluster()) return;
  const { path } = stack.use(await temporaryDirectory());
  gateway = stack.use(await startGatewayOn(cluster(), path));
  await register(gateway.as(), adapterOf(name, { replicaCount: 2 }));
  await whenReady(gateway.as(), name, 2);
}, podLimitMs);
afterAll(() => stack.disposeAsync(), podLimitMs);

const uidOf = (what: string) => kubectl(cluster(), "get", what, "--ignore-not-found", "-o=jsonpath={.metadata.uid}");
/** Once there is one of this name that is not this very one. */
const replaced = (what: string, uid: string) =>
  until(
    `another ${what}`,
    async () => {
      const now = await uidOf(what);
      return now !== "" && now !== uid;
    },
    podLimitMs,
  );

clusterTest(
  "a StatefulSet deleted by hand is made again: its sessions are over, and others can be opened",
  async () => {
    const sessions = await openSessions(gateway.mcpUrl(name), 4);
    const before = await podsOf(cluster(), name);
    const uid = await uidOf("statefulset/weather");
    await kubectl(cluster(), "delete", "statefulset", name, "--wait=false");
    await replaced("statefulset/weather", uid);
    await until(
      "other pods",
      async () => {
        const uids = (await podsOf(cluster(), name)).map(({ metadata }) => metadata.uid);
        return uids.length === 2 && before.every(({ metadata }) => !uids.includes(metadata.uid));
      },
      podLimitMs,
    );
    await whenReady(gateway.as(), name, 2);
    expect(await Promise.all(sessions.map(({ session }) => session.statusOf("counter")))).toEqual([404, 404, 404, 404]);
    expect(await openSessions(gateway.mcpUrl(name), 2)).toHaveLength(2);
    await until("the story is told", async () => {
      const told = await kubectl(cluster(), "events", "--for=statefulset/weather", "--types=Warning");
      return told.includes("Repaired");
    });
  },
  podLimitMs * 3,
);

clusterTest(
  "a Service deleted by hand is made again, and sessions go on",
  async () => {
    const [home] = await openSessions(gateway.mcpUrl(name), 1);
    const uid = await uidOf("service/weather-service");
    await kubectl(cluster(), "delete", "service", "weather-service");
    await replaced("service/weather-service", uid);
    await until(
      "a new session",
      () =>
        openSessions(gateway.mcpUrl(name), 1).then(
          () => true,
          () => false,
        ),
      podLimitMs,
    );
    expect(await home?.session.call("counter")).toEqual({ count: 1, replica: home?.replica ?? "" });
  },
  podLimitMs * 2,
);

clusterTest(
  "replicas, image and labels edited by hand are as the store says again",
  async () => {
    const edits = [
      ["scale", "statefulset", name, "--replicas=1"],
      ["set", "image", "statefulset/weather", "weather-container=mcp-example:2"],
      ["label", "statefulset", name, "app.kubernetes.io/component=other", "--overwrite"],
    ];
    const columns =
      "R:.spec.replicas,I:.spec.template.spec.containers[0].image,L:.metadata.labels.app\\.kubernetes\\.io/component";
    for (const edit of edits) {
      await kubectl(cluster(), ...edit);
      await until(
        `${edit[0]} is undone`,
        async () => {
          const shown = await kubectl(
            cluster(),
            "get",
            "statefulset",
            name,
            "--no-headers",
            `-o=custom-columns=${columns}`,
          );
          return /^2 +mcp-example:1 +adapter$/.test(shown.trim());
        },
        podLimitMs,
      );
    }
    await whenReady(gateway.as(), name, 2);
    expect(await openSessions(gateway.mcpUrl(name), 2)).toHaveLength(2);
  },
  podLimitMs * 3,
);

clusterTest(
  "what runs for a record of another store is not taken for this one's, until it is changed into that",
  async () => {
    await using store = await temporaryStore();
    await using other = await startReplica(store, cluster(), "gateway-1");
    await register(other.as(), adapterOf(name, { replicaCount: 2 }));
    const status = await statusOf(other.as(), name);
    expect(status).toMatchObject({ observedRevision: null, readyReplicas: 2 });
    expect(status?.conditions[0]).toMatchObject({ type: "Accepted", status: "False" });
    await gateway.end("SIGTERM");
    expect(await whenReady(other.as(), name, 2)).toMatchObject({ observedRevision: 1, updatedReplicas: 2 });
  },
  podLimitMs * 2,
);
