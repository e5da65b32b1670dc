import { expect } from "bun:test";
import { kubeClient } from "../../../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import { reflectorLimits } from "../../../gateway/runtime/kubernetes/api/limits.ts";
import type { Endpoint } from "../../../gateway/runtime/runtime.ts";
import { until } from "../../support/until.ts";
import { workload } from "../workload.ts";
import { clusterOfFile, type KubernetesBench, lateWatches, podLimitMs, readyEndpoints } from "./support.ts";

const file = clusterOfFile("interruptions");
const { clusterTest } = await file.prepare();

const wanted = workload({ replicaCount: 2 });
const mayBeOld = /^The Kubernetes API cannot be watched, so this may be old: ./;

const answers = async (endpoints: readonly Endpoint[]) =>
  await Promise.all(
    endpoints.map(async ({ origin }) => {
      const environment = await fetch(`${origin}/env`, { keepalive: false });
      return ((await environment.json()) as { HOSTNAME: string }).HOSTNAME;
    }),
  );

const reasonOf = async ({ runtime }: KubernetesBench) => (await runtime.status(wanted))?.reason;

/** Endpoints as kubectl tells them: the pods' uids, restarts and addresses, those that are ready. */
async function endpointsByKubectl({ kubectl }: KubernetesBench, name: string): Promise<object[]> {
  type Pods = {
    items: {
      metadata: { uid: string; name: string };
      status: {
        podIP: string;
        conditions: { type: string; status: string }[];
        containerStatuses: { restartCount: number }[];
      };
    }[];
  };
  const { items } = JSON.parse(await kubectl("get", "pods", "-l", `adapter/name=${name}`, "-o", "json")) as Pods;
  return items
    .filter(({ status }) => status.conditions.some(({ type, status }) => type === "Ready" && status === "True"))
    .map(({ metadata, status }) => ({
      id: `${metadata.uid}_${status.containerStatuses[0]?.restartCount}`,
      name: metadata.name,
      origin: `http://${status.podIP}:8000`,
      state: "ready",
    }));
}

clusterTest(
  "while the API server is away traffic goes on and changes fail in words; afterwards everything catches up",
  async () => {
    await using bench = await file.open();
    const { runtime, cluster } = bench;
    await runtime.apply(wanted);
    const before = await readyEndpoints(runtime, 2);
    const drift: string[] = [];
    runtime.onDrift((name) => drift.push(name));

    await cluster.killApiServer();
    await until("it is noticed", async () => mayBeOld.test((await reasonOf(bench)) ?? ""));
    expect(runtime.endpoints.of("weather")).toEqual(before);
    expect(await answers(before)).toEqual(["weather-0", "weather-1"]);
    const status = await runtime.status(wanted);
    expect(status).toMatchObject({ ready: 2, observedRevision: 1, image: "server:1" });
    expect(await runtime.names()).toEqual(["weather"]);
    expect(runtime.refusal(wanted)).toBeUndefined();
    const changed = workload({ replicaCount: 3, revision: 2 });
    await expect(runtime.apply(changed)).rejects.toThrow();
    expect(await runtime.status(changed)).toMatchObject({ desired: 3, ready: 2, observedRevision: 1 });
    expect((await runtime.status(changed))?.reason).toBeString();
    // Meanwhile a program ends, and its container is started again.
    process.kill(cluster.kubelet.pid(bench.namespace, "weather-1") ?? 0, "SIGKILL");

    await cluster.startApiServer();
    await until("every watch holds again", async () => (await reasonOf(bench)) === null, podLimitMs);
    await until("the new container", () => {
      const now = runtime.endpoints.of("weather");
      return now.length === 2 && now[1]?.id === before[1]?.id.replace(/_0$/, "_1");
    });
    await runtime.apply(changed);
    await readyEndpoints(runtime, 3);
    await bench.kubectl("delete", "statefulset", "weather");
    await until("a deletion is heard of again", () => drift.includes("weather"));
    await runtime.apply(changed);
    await until("repaired", async () => (await runtime.status(changed))?.ready === 3, podLimitMs);
    expect(bench.logged()).toContain('"msg"');
  },
  podLimitMs * 4,
);

clusterTest(
  "a watch that nobody answers any more is given up and opened again",
  async () => {
    await using bench = await file.open({ reflectorLimits: { ...reflectorLimits, idleMs: 3_000 } });
    const { runtime, cluster } = bench;
    await runtime.apply(wanted);
    const before = await readyEndpoints(runtime, 2);
    cluster.freezeApiServer();
    try {
      await until(
        "the silence is noticed",
        async () => (await reasonOf(bench))?.includes("nothing was heard for 3 s"),
        podLimitMs,
      );
      expect(runtime.endpoints.of("weather")).toEqual(before);
      expect(await answers(before)).toEqual(["weather-0", "weather-1"]);
    } finally {
      cluster.thawApiServer();
    }
    await bench.kubectl("delete", "pod", "weather-0", "--wait=false");
    await until(
      "the next replica is known",
      () => {
        const now = runtime.endpoints.of("weather");
        return now.length === 2 && now[0]?.id !== before[0]?.id && now.every(({ state }) => state === "ready");
      },
      podLimitMs,
    );
  },
  podLimitMs * 3,
);

clusterTest(
  "after a compaction everything is listed anew, and is as kubectl has it",
  async () => {
    const client = lateWatches(kubeClient(await loadCluster({ kubeconfig: file.cluster().kubeconfig })));
    await using bench = await file.open({ client });
    const { runtime, cluster } = bench;
    await runtime.apply(wanted);
    await runtime.apply(workload({ name: "removed" }));
    const before = await readyEndpoints(runtime, 2);
    await readyEndpoints(runtime, 1, "removed");
    const heard: string[] = [];
    runtime.endpoints.subscribe((name) => heard.push(name));
    // Nothing of these is seen by the watches of workloads' pods and slices, so that what they saw last becomes too old.
    for (const note of ["one", "two", "three"]) {
      await bench.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "unseen" }, data: { note } });
    }
    client.hold();
    await cluster.compact();
    // By somebody else, before the watches are back.
    await bench.kubectl("delete", "statefulset,service", "--selector=adapter/name=removed");
    await bench.kubectl("scale", "statefulset", "weather", "--replicas=1");
    await bench.kubectl("wait", "pod", "weather-1", "--for=delete", "--timeout=30s");
    expect(runtime.endpoints.of("weather")).toEqual(before);
    client.release();
    await until("it is heard", () => {
      return runtime.endpoints.of("weather").length === 1 && runtime.endpoints.of("removed").length === 0;
    });
    expect(runtime.endpoints.of("weather")).toEqual((await endpointsByKubectl(bench, "weather")) as Endpoint[]);
    expect(new Set(heard)).toEqual(new Set(["weather", "removed"]));
    // Workloads have a watch of their own, which may come back last.
    await until("it is no longer listed", async () => (await runtime.names()).length === 1);
    expect(await runtime.names()).toEqual(["weather"]);
    expect(bench.logged()).toMatch(/"reason":"410 Expired: [^"]*"/);

    // Right afterwards it can change things.
    await runtime.apply(wanted);
    await readyEndpoints(runtime, 2);
    await until("both are known to both", async () =>
      Bun.deepEquals(runtime.endpoints.of("weather"), await endpointsByKubectl(bench, "weather")),
    );
    expect(await reasonOf(bench)).toBeNull();
  },
  podLimitMs * 4,
);
