import { expect } from "bun:test";
import { kubeClient } from "../../../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import type { Workload } from "../../../gateway/runtime/runtime.ts";
import { until } from "../../support/until.ts";
import { request } from "../runtime.suite.ts";
import { workload } from "../workload.ts";
import { clusterOfFile, type KubernetesBench, podLimitMs, readyEndpoints } from "./support.ts";

const file = clusterOfFile("who owns an object");
const { clusterTest } = await file.prepare();

/** What somebody else runs; a Deployment is left out, for there is none to be mistaken for a workload's. */
function foreignSet(name: string, labels: Record<string, string> = { app: name }) {
  const container = { name: "web", image: "server:1", env: [{ name: "PORT", value: "8000" }] };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, labels },
    spec: {
      replicas: 1,
      serviceName: `${name}-service`,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

function foreignService(name: string, labels: Record<string, string> = { app: name }) {
  const spec = { clusterIP: "None", selector: labels, ports: [{ name: "mcp", port: 8000 }] };
  return { apiVersion: "v1", kind: "Service", metadata: { name, labels }, spec };
}

/** Everything that may be tried on a name that is taken. */
async function tryAll(bench: KubernetesBench, wanted: Workload, words: string): Promise<void> {
  const { runtime } = bench;
  await until("the runtime knows", () => runtime.refusal(wanted) !== undefined);
  expect(runtime.refusal(wanted)).toEqual({ why: "taken", detail: words });
  await expect(runtime.apply(wanted)).rejects.toThrow(words);
  await runtime.remove(wanted.name);
  expect(await runtime.status(wanted)).toEqual({
    desired: 1,
    ready: 0,
    updated: 0,
    image: "Unknown",
    observedRevision: null,
    reason: words,
    replicas: [],
  });
  expect(await runtime.logs(wanted.name, request())).toEqual({ state: "absent" });
  expect(runtime.endpoints.of(wanted.name)).toEqual([]);
  expect(await runtime.names()).toEqual([]);
}

clusterTest(
  "a StatefulSet of somebody else is neither changed nor deleted, shown nor routed to",
  async () => {
    await using bench = await file.open();
    await bench.put(foreignSet("weather"), foreignService("weather-service"));
    // Its status does not change any more.
    await until("it is ready", async () => (await bench.show("Pod", "weather-0"))?.metadata.uid);
    await bench.kubectl("rollout", "status", "statefulset/weather", "--timeout=30s");
    const all = async () => [
      await bench.show("StatefulSet", "weather"),
      await bench.show("Service", "weather-service"),
    ];
    const before = await all();
    await tryAll(bench, workload(), 'The name "weather" belongs to a StatefulSet that this gateway did not make.');
    expect(before[0]?.metadata).toHaveProperty("managedFields");
    expect(await all()).toEqual(before);
    expect((await bench.show("Pod", "weather-0"))?.metadata).not.toHaveProperty("deletionTimestamp");
  },
  podLimitMs * 2,
);

clusterTest(
  "a Service of somebody else in a workload's place keeps the workload out, and stays as it is",
  async () => {
    await using bench = await file.open();
    await bench.put(foreignService("weather-service"));
    const before = await bench.show("Service", "weather-service");
    const words = 'The name "weather-service" belongs to a Service that this gateway did not make.';
    await tryAll(bench, workload(), words);
    expect(await bench.show("Service", "weather-service")).toEqual(before as never);
    expect(await bench.show("StatefulSet", "weather")).toBeUndefined();

    // Whoever waits for the name is told when it is free.
    const drift: string[] = [];
    bench.runtime.onDrift((name) => drift.push(name));
    await bench.kubectl("delete", "service", "weather-service");
    await until("it is told", () => drift.includes("weather"));
    expect(bench.runtime.refusal(workload())).toBeUndefined();
    await bench.runtime.apply(workload());
    await readyEndpoints(bench.runtime, 1);
  },
  podLimitMs * 2,
);

clusterTest(
  "the gateway's own objects cannot be had by calling an adapter like them",
  async () => {
    await using bench = await file.open();
    const labels = { "app.kubernetes.io/name": "mcp-gateway", "app.kubernetes.io/managed-by": "mcp-gateway" };
    const { spec } = foreignSet("mcp-gateway", labels);
    const { replicas, selector, template } = spec;
    const metadata = { name: "mcp-gateway", labels };
    await bench.put(
      { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas, selector, template } },
      foreignService("mcp-gateway-service", labels),
    );
    await bench.kubectl("rollout", "status", "deployment/mcp-gateway", "--timeout=30s");
    const deployment = () => bench.kubectl("get", "deployment", "mcp-gateway", "-o", "json", "--show-managed-fields");
    const before = [await bench.show("Service", "mcp-gateway-service"), await deployment()];
    const words = 'The name "mcp-gateway-service" belongs to a Service that this gateway did not make.';
    await tryAll(bench, workload({ name: "mcp-gateway" }), words);
    expect([await bench.show("Service", "mcp-gateway-service"), await deployment()]).toEqual(before);
  },
  podLimitMs * 2,
);

clusterTest(
  "another gateway's objects are foreign, however alike",
  async () => {
    await using other = await file.open({ gatewayName: "other-gateway" });
    await other.runtime.apply(workload());
    await readyEndpoints(other.runtime, 1);
    await using bench = await file.open({ namespace: other.namespace });
    const all = async () => [
      await bench.show("StatefulSet", "weather"),
      await bench.show("Service", "weather-service"),
    ];
    const before = await all();
    await tryAll(bench, workload(), 'The name "weather" belongs to a StatefulSet that this gateway did not make.');
    expect(await all()).toEqual(before);
    expect(other.runtime.endpoints.of("weather")).toHaveLength(1);
  },
  podLimitMs * 2,
);

clusterTest(
  "what has lost its labels is foreign from then on",
  async () => {
    await using bench = await file.open();
    const { runtime } = bench;
    await runtime.apply(workload());
    await readyEndpoints(runtime, 1);
    const drift: string[] = [];
    runtime.onDrift((name) => drift.push(name));
    await bench.kubectl("label", "statefulset", "weather", "app.kubernetes.io/managed-by-");
    await until("nobody is sent there", () => runtime.endpoints.of("weather").length === 0);
    expect(drift).toContain("weather");
    const words = 'The name "weather" belongs to a StatefulSet that this gateway did not make.';
    expect(runtime.refusal(workload())).toEqual({ why: "taken", detail: words });
    const before = await bench.show("StatefulSet", "weather");
    await expect(runtime.apply(workload({ replicaCount: 2 }))).rejects.toThrow(words);
    expect((await runtime.status(workload()))?.reason).toBe(words);
    expect(await runtime.logs("weather", request())).toEqual({ state: "absent" });
    // Its Service is ours still, and goes.
    await runtime.remove("weather");
    expect(await bench.show("StatefulSet", "weather")).toEqual(before as never);
    expect(await bench.show("Service", "weather-service")).toBeUndefined();

    await bench.kubectl("label", "statefulset", "weather", "app.kubernetes.io/managed-by=mcp-gateway");
    await until("it is handed over", () => runtime.refusal(workload()) === undefined);
    await runtime.apply(workload());
    await readyEndpoints(runtime, 1);
  },
  podLimitMs * 3,
);

clusterTest(
  "pods that only look like a workload's are no replicas of it",
  async () => {
    await using bench = await file.open();
    const { runtime } = bench;
    await runtime.apply(workload());
    const endpoints = await readyEndpoints(runtime, 1);
    const labels = (await bench.show("Pod", "weather-0"))?.metadata.labels;
    const container = { name: "weather-container", image: "server:1", env: [{ name: "PORT", value: "8000" }] };
    const ports = [{ name: "mcp", containerPort: 8000 }];
    // One without an owner would be adopted by the StatefulSet's controller.
    await bench.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owner" } });
    const uid = await bench.kubectl("get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}");
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid, controller: true };
    await bench.put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "weather-1", labels, ownerReferences: [owner] },
      spec: { containers: [{ ...container, ports }] },
    });
    await until(
      "the Service has it",
      async () => {
        const slices = await bench.kubectl("get", "endpointslices", "-o", "jsonpath={..targetRef.name}");
        return slices.includes("weather-1");
      },
      podLimitMs,
    );
    await bench.runtime.apply(workload({ environment: { LEVEL: "two" }, revision: 2 }));
    await until("another replica", () => runtime.endpoints.of("weather").some(({ id }) => id !== endpoints[0]?.id));
    expect(runtime.endpoints.of("weather").map(({ name }) => name)).not.toContain("weather-1");
    expect((await runtime.status(workload()))?.replicas.map(({ name }) => name)).toEqual(["weather-0"]);
    expect(await runtime.logs("weather", request({ instance: 1 }))).toEqual({ state: "absent" });
  },
  podLimitMs * 2,
);

clusterTest(
  "an object that comes between the look and the change is not taken over",
  async () => {
    const namespaceOf = { current: (): Promise<void> => Promise.resolve() };
    const real = kubeClient(await loadCluster({ kubeconfig: file.cluster().kubeconfig }));
    let isTaken = false;
    const client: typeof real = {
      ...real,
      async apply(resource, object, options) {
        if (!isTaken && !options.dryRun) {
          isTaken = true;
          await namespaceOf.current();
        }
        return await real.apply(resource, object, options);
      },
    };
    for (const foreign of [foreignService("weather-service"), foreignSet("weather")]) {
      isTaken = false;
      await using bench = await file.open({ client });
      let before: unknown;
      namespaceOf.current = async () => {
        await bench.put(foreign);
        // Whatever its controller writes first.
        if (foreign.kind === "StatefulSet") {
          await bench.kubectl("rollout", "status", "statefulset/weather", "--timeout=30s");
        }
        before = await bench.show(foreign.kind as "Service", foreign.metadata.name);
      };
      await expect(bench.runtime.apply(workload())).rejects.toThrow("409 Conflict");
      expect(await bench.show(foreign.kind as "Service", foreign.metadata.name)).toEqual(before as never);
      await bench.runtime.remove("weather");
      expect(await bench.show(foreign.kind as "Service", foreign.metadata.name)).toEqual(before as never);
    }
  },
  podLimitMs * 2,
);
