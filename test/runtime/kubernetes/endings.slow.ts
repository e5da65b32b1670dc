import { expect } from "bun:test";
import { kubeClient } from "../../../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import { lives } from "../../support/process.ts";
import { until } from "../../support/until.ts";
import { linesOf, request } from "../runtime.suite.ts";
import { workload } from "../workload.ts";
import { clusterOfFile, lateWatches, podLimitMs, readyEndpoints, statusThat } from "./support.ts";

const file = clusterOfFile("how replicas end");
const { clusterTest } = await file.prepare();

clusterTest(
  "a program may take its time to end, and the removal is over when it has",
  async () => {
    await using bench = await file.open();
    const { runtime, cluster, namespace } = bench;
    const slow = workload({ environment: { IGNORE_TERM: "1" }, pod: { terminationGracePeriodSeconds: 3 } });
    await runtime.apply(slow);
    const [before] = await readyEndpoints(runtime, 1);
    const pid = cluster.kubelet.pid(namespace, "weather-0") ?? 0;
    let isOver = false;
    const removal = runtime.remove("weather").then(() => {
      isOver = true;
    });
    await until(
      "it is told to end",
      async () => (await bench.show("Pod", "weather-0"))?.metadata["deletionTimestamp" as never],
    );
    expect([isOver, lives(pid)]).toEqual([false, true]);
    expect((await fetch(`${before?.origin}/pid`, { keepalive: false })).status).toBe(200);
    await removal;
    expect(lives(pid)).toBe(false);
    expect(await bench.show("Pod", "weather-0")).toBeUndefined();
    expect(await bench.show("StatefulSet", "weather")).toBeUndefined();
    expect(await bench.show("Service", "weather-service")).toBeUndefined();
    expect(runtime.endpoints.of("weather")).toEqual([]);
  },
  podLimitMs * 2,
);

clusterTest(
  "during an update the old replica keeps its sessions, draining, until it is gone",
  async () => {
    await using bench = await file.open();
    const { runtime } = bench;
    const stubborn = { IGNORE_TERM: "1", LEVEL: "one" };
    const pod = { terminationGracePeriodSeconds: 2 };
    await runtime.apply(workload({ environment: stubborn, pod, replicaCount: 2 }));
    const [first, second] = await readyEndpoints(runtime, 2);
    const seen: string[] = [];
    runtime.endpoints.subscribe((name) => {
      const told = runtime.endpoints.of(name).map(({ id, state }) => {
        const which = id === first?.id ? "old-0" : id === second?.id ? "old-1" : "new";
        return `${which} ${state}`;
      });
      seen.push(told.join(", "));
    });
    const wanted = workload({ environment: { LEVEL: "two" }, pod, replicaCount: 2, revision: 2 });
    await runtime.apply(wanted);
    await until("old-1 is draining", () => seen.includes("old-0 ready, old-1 draining"));
    const status = await statusThat(runtime, wanted, ({ replicas }) => replicas[1]?.state === "draining");
    expect(status.replicas[1]).toMatchObject({ name: "weather-1", state: "draining", reason: null });
    expect((await fetch(`${second?.origin}/pid`, { keepalive: false })).status).toBe(200);
    await until("both are new", () => seen.at(-1) === "new ready, new ready", podLimitMs);
    expect(seen.filter((line) => line.includes("old-1"))).not.toContain("old-0 draining, old-1 draining");
    expect(seen).toContain("old-0 draining, new ready");
  },
  podLimitMs * 2,
);

clusterTest(
  "a container that is started again in its pod is another endpoint of the same pod",
  async () => {
    await using bench = await file.open();
    const { runtime, cluster, namespace } = bench;
    await runtime.apply(workload());
    const [before] = await readyEndpoints(runtime, 1);
    const uid = (await bench.show("Pod", "weather-0"))?.metadata.uid ?? "none";
    expect(before?.id).toBe(`${uid}_0`);
    const pid = cluster.kubelet.pid(namespace, "weather-0") ?? 0;
    const seen: string[][] = [];
    runtime.endpoints.subscribe((name) => seen.push(runtime.endpoints.of(name).map(({ id }) => id)));
    process.kill(pid, "SIGKILL");
    await until("it is another one", () => runtime.endpoints.of("weather")[0]?.id === `${uid}_1`, podLimitMs);
    expect(runtime.endpoints.of("weather")).toEqual([{ ...before, id: `${uid}_1` } as never]);
    expect((await runtime.status(workload()))?.replicas[0]).toMatchObject({ state: "ready", restarts: 1 });
    // Nobody is sent to the next run before it listens.
    expect(seen).toEqual([[], [`${uid}_1`]]);
    expect((await bench.show("Pod", "weather-0"))?.metadata.uid).toBe(uid);
  },
  podLimitMs,
);

clusterTest(
  "a pod that is deleted by hand comes back as another endpoint",
  async () => {
    await using bench = await file.open();
    const { runtime } = bench;
    await runtime.apply(workload({ replicaCount: 2 }));
    const [first, second] = await readyEndpoints(runtime, 2);
    await bench.kubectl("delete", "pod", "weather-0");
    const after = await until(
      "the next one",
      () => {
        const now = runtime.endpoints.of("weather");
        return now.length === 2 && now[0]?.id !== first?.id && now;
      },
      podLimitMs,
    );
    expect(after[0]).toMatchObject({ name: "weather-0", state: "ready" });
    expect(after[1]).toEqual(second as never);
  },
  podLimitMs,
);

clusterTest(
  "a removal is not over because the watches have yet to tell of what was just made",
  async () => {
    const client = lateWatches(kubeClient(await loadCluster({ kubeconfig: file.cluster().kubeconfig })));
    await using bench = await file.open({ client });
    const { runtime, cluster, namespace } = bench;
    client.hold();
    await runtime.apply(workload({ environment: { IGNORE_TERM: "1" }, pod: { terminationGracePeriodSeconds: 2 } }));
    const pid = await until("its program runs", () => cluster.kubelet.pid(namespace, "weather-0"), podLimitMs);
    await until("it listens", async () => {
      const { stdout } = await bench.tryKubectl([
        "get",
        "pod",
        "weather-0",
        "-o",
        "jsonpath={.status.containerStatuses[0].ready}",
      ]);
      return stdout === "true";
    });
    expect(runtime.endpoints.of("weather")).toEqual([]);
    await runtime.remove("weather");
    expect(lives(pid)).toBe(false);
    expect(await bench.show("Pod", "weather-0")).toBeUndefined();
    client.release();
  },
  podLimitMs,
);

clusterTest(
  "a removal is not over before the runtime itself has heard of it",
  async () => {
    const client = lateWatches(kubeClient(await loadCluster({ kubeconfig: file.cluster().kubeconfig })));
    await using bench = await file.open({ client });
    const { runtime } = bench;
    await runtime.apply(workload({ replicaCount: 0 }));
    await until("it is known", async () => (await runtime.names()).length === 1);
    client.hold();
    let isOver = false;
    const removal = runtime.remove("weather").then(() => {
      isOver = true;
    });
    await until("it is gone", async () => (await bench.show("Service", "weather-service")) === undefined, podLimitMs);
    // Time enough to ask the API server.
    expect(await bench.kubectl("get", "pods", "-o", "name")).toBe("");
    expect([isOver, await runtime.names()]).toEqual([false, ["weather"]]);
    client.release();
    await removal;
    expect(await runtime.names()).toEqual([]);
  },
  podLimitMs,
);

clusterTest(
  "a runtime that is closed gives up a removal that waits, and touches nothing more",
  async () => {
    const bench = await file.open();
    const { runtime } = bench;
    await runtime.apply(workload({ environment: { IGNORE_TERM: "1" }, pod: { terminationGracePeriodSeconds: 3 } }));
    await readyEndpoints(runtime, 1);
    const removal = runtime.remove("weather");
    removal.catch(() => undefined);
    await until(
      "it is told to end",
      async () => (await bench.show("Pod", "weather-0"))?.metadata["deletionTimestamp" as never],
    );
    await bench[Symbol.asyncDispose]();
    await expect(removal).rejects.toThrow();
  },
  podLimitMs,
);

clusterTest(
  "kubectl shows a workload, its log and its story so that they read well",
  async () => {
    await using bench = await file.open();
    const { runtime } = bench;
    await runtime.apply(workload({ environment: { STDERR: "hello" } }));
    await runtime.apply(workload({ name: "score", kind: "tool" }));
    await readyEndpoints(runtime, 1);
    await readyEndpoints(runtime, 1, "score");
    const list = async (type: string) => {
      const text = await bench.kubectl("get", "statefulsets", "-l", `adapter/type=${type}`, "-o", "wide");
      return text
        .trim()
        .split("\n")
        .map((line) => line.split(/ {2,}/).filter((_, column) => column !== 2));
    };
    const columns = ["NAME", "READY", "CONTAINERS", "IMAGES"];
    await until("it is counted", async () => (await list("mcp"))[1]?.[1] === "1/1");
    expect(await list("mcp")).toEqual([columns, ["weather", "1/1", "weather-container", "server:1"]]);
    await until("it is counted", async () => (await list("tool"))[1]?.[1] === "1/1");
    expect(await list("tool")).toEqual([columns, ["score", "1/1", "score-container", "server:1"]]);
    expect(await bench.kubectl("logs", "weather-0")).toBe("hello\n");

    await runtime.apply(workload({ environment: { STDERR: "hello" }, replicaCount: 2, revision: 2 }));
    await readyEndpoints(runtime, 2);
    await runtime.apply(workload({ environment: { STDERR: "goodbye" }, replicaCount: 2, revision: 3 }));
    const story = async () => {
      const text = await bench.kubectl("events", "--for", "statefulset/weather", "--no-headers");
      const lines = text
        .trim()
        .split("\n")
        .map((line) => line.split(/ {2,}/).slice(1));
      return lines.filter(([, reason]) => !reason?.startsWith("Successful"));
    };
    await until("all is told", async () => (await story()).length === 3);
    expect((await story()).toSorted()).toEqual([
      ["Normal", "Deployed", "StatefulSet/weather", "1 replicas of server:1 are wanted"],
      ["Normal", "Scaled", "StatefulSet/weather", "From 1 to 2 replicas"],
      ["Normal", "Updated", "StatefulSet/weather", "2 replicas of server:1 are wanted"],
    ]);
  },
  podLimitMs * 2,
);

clusterTest(
  "the log of a container's run before the present one can be read, if there was one",
  async () => {
    await using bench = await file.open();
    const { runtime, cluster, namespace } = bench;
    await runtime.apply(workload());
    const [before] = await readyEndpoints(runtime, 1);
    expect(await runtime.logs("weather", request({ previous: true }))).toEqual({ state: "absent" });
    await (await fetch(`${before?.origin}/print?n=2`, { keepalive: false })).arrayBuffer();
    await until("it is written", async () => (await linesOf(runtime, {})).length === 2);
    process.kill(cluster.kubelet.pid(namespace, "weather-0") ?? 0, "SIGKILL");
    await until("it runs again", () => runtime.endpoints.of("weather")[0]?.id.endsWith("_1"), podLimitMs);
    expect(await linesOf(runtime, { previous: true })).toEqual(["line 1", "line 2"]);
    expect(await linesOf(runtime, {})).toEqual([]);
  },
  podLimitMs,
);
