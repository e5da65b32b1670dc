import { expect } from "bun:test";
import { kubeClient } from "../../../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import { openClusterView } from "../../../gateway/runtime/kubernetes/cluster-view.ts";
import { until } from "../../support/until.ts";
import { request } from "../runtime.suite.ts";
import { workload } from "../workload.ts";
import { clusterOfFile, newNamespace, podLimitMs, readyEndpoints, statusThat } from "./support.ts";

const file = clusterOfFile("what the status says");
const { clusterTest } = await file.prepare();

const quota = (hard: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "small" },
  spec: { hard },
});

clusterTest(
  "an image that cannot be pulled keeps the old replicas, and is told of the new one",
  async () => {
    await using bench = await file.open();
    const { runtime } = bench;
    await runtime.apply(workload({ replicaCount: 2 }));
    const before = await readyEndpoints(runtime, 2);
    const wanted = workload({ replicaCount: 2, imageVersion: "404", revision: 2 });
    await runtime.apply(wanted);
    const status = await statusThat(
      runtime,
      wanted,
      ({ replicas }) => replicas[1]?.reason?.includes("pulled") ?? false,
    );
    expect(status).toEqual({
      desired: 2,
      ready: 1,
      updated: 1,
      image: "server:404",
      observedRevision: 2,
      reason: null,
      replicas: [
        { name: "weather-0", instance: 0, state: "ready", restarts: 0, reason: null },
        {
          name: "weather-1",
          instance: 1,
          state: "starting",
          restarts: 0,
          reason: "the image server:404 cannot be pulled: not found",
        },
      ],
    });
    expect(runtime.endpoints.of("weather")).toEqual(before.slice(0, 1));
    expect(await runtime.logs("weather", request({ instance: 1 }))).toEqual({ state: "starting" });
    // A StatefulSet by itself would wait for the broken pod for ever (kubernetes/kubernetes#67250).
    await runtime.apply(workload({ replicaCount: 2, environment: { LEVEL: "fixed" }, revision: 3 }));
    await readyEndpoints(runtime, 2);
  },
  podLimitMs * 2,
);

clusterTest(
  "a quota of pods is told of the replicas that it keeps out",
  async () => {
    await using bench = await file.open();
    await bench.put(quota({ pods: "1" }));
    await quotaIsKnown(bench);
    const wanted = workload({ replicaCount: 2 });
    await bench.runtime.apply(wanted);
    const status = await statusThat(bench.runtime, wanted, ({ ready, replicas }) => {
      return ready === 1 && replicas.some(({ reason }) => reason?.includes("quota") ?? false);
    });
    const words = `the namespace's quota "small" is exceeded: pods=1 requested, pods=1 used, pods=1 allowed`;
    expect(status.replicas.map(({ reason }) => reason).toSorted()).toEqual([words, null].toSorted() as string[]);
    expect(status).toMatchObject({ desired: 2, ready: 1, observedRevision: 1, reason: null });
    const instance = status.replicas.findIndex(({ reason }) => reason === words);
    expect(await bench.runtime.logs("weather", request({ instance }))).toEqual({ state: "starting" });
  },
  podLimitMs * 2,
);

clusterTest(
  "a quota of StatefulSets is told when it refuses one, and afterwards",
  async () => {
    await using bench = await file.open();
    await bench.put(quota({ "count/statefulsets.apps": "0" }));
    await quotaIsKnown(bench);
    const words = `the namespace's quota "small" is exceeded: count/statefulsets.apps=1 requested, count/statefulsets.apps=0 used, count/statefulsets.apps=0 allowed`;
    await expect(bench.runtime.apply(workload())).rejects.toThrow(words);
    expect(await bench.runtime.status(workload())).toMatchObject({ ready: 0, observedRevision: null, reason: words });
  },
  podLimitMs,
);

clusterTest(
  "a namespace where the gateway may look but not write says so",
  async () => {
    const namespace = await newNamespace(file.cluster());
    const looks = { apiGroups: ["", "apps", "discovery.k8s.io"], resources: ["*"], verbs: ["get", "list", "watch"] };
    await using bench = await file.open({ namespace, client: await clientWith(namespace, [looks]) });
    const words =
      'the cluster does not allow it: User "system:serviceaccount:ns:gateway" cannot patch resource "services" in API group "" in the namespace "ns"'.replaceAll(
        /ns(?=[:"])/g,
        namespace,
      );
    await expect(bench.runtime.apply(workload())).rejects.toThrow(words);
    expect((await bench.runtime.status(workload()))?.reason).toBe(
      words.replace('"services" in API group ""', '"statefulsets" in API group "apps"'),
    );
  },
  podLimitMs,
);

clusterTest(
  "a namespace that the gateway may not even look at is said when it starts",
  async () => {
    const namespace = await newNamespace(file.cluster());
    const client = await clientWith(namespace, []);
    const interruptions: { reason: string }[] = [];
    const opening = openClusterView({
      client,
      namespace,
      limitMs: 500,
      events: { watchInterrupted: (what) => void interruptions.push(what), replicaSeen: () => undefined },
    });
    await expect(opening).rejects.toThrow(
      `The Kubernetes API cannot be read: 403 Forbidden: statefulsets.apps is forbidden: User "system:serviceaccount:${namespace}:gateway" cannot list resource "statefulsets" in API group "apps" in the namespace "${namespace}"`,
    );
    const { length } = interruptions;
    expect(length).toBeGreaterThanOrEqual(4);
  },
  podLimitMs,
);

clusterTest(
  "a namespace that does not exist is said, and its objects are made once it does",
  async () => {
    await using bench = await file.open({ namespace: "not-yet" });
    const words = 'namespaces "not-yet" not found';
    await expect(bench.runtime.apply(workload())).rejects.toThrow(words);
    expect((await bench.runtime.status(workload()))?.reason).toContain(words);
    await bench.kubectl("create", "namespace", "not-yet");
    await bench.runtime.apply(workload());
    await readyEndpoints(bench.runtime, 1);
    await bench.runtime.remove("weather");
  },
  podLimitMs * 2,
);

clusterTest(
  "a secret that is not there, or lacks the key, is named; when it comes the replica starts",
  async () => {
    await using bench = await file.open();
    const wanted = workload({ environment: { PASSWORD: { secretRef: { name: "database", key: "password" } } } });
    await bench.runtime.apply(wanted);
    const reasonIs = async (reason: string) => {
      const status = await statusThat(bench.runtime, wanted, ({ replicas }) => replicas[0]?.reason === reason);
      expect(status.replicas[0]).toMatchObject({ state: "starting", restarts: 0 });
    };
    await reasonIs('the secret "database" does not exist');
    await bench.putSecret("database", "user", "ada");
    await reasonIs('the secret "database" has no key "password"');
    await bench.kubectl("patch", "secret", "database", "-p", '{"stringData":{"password":"open sesame"}}');
    await readyEndpoints(bench.runtime, 1);
    expect(bench.logged()).not.toContain("open sesame");
  },
  podLimitMs * 2,
);

clusterTest(
  "a pod that no node can take says why",
  async () => {
    await using bench = await file.open();
    const wanted = workload({ pod: { nodeSelector: { disk: "fast" } } });
    await bench.runtime.apply(wanted);
    const status = await statusThat(bench.runtime, wanted, ({ replicas }) => {
      return replicas[0]?.reason?.startsWith("no node can take it") ?? false;
    });
    expect(status.replicas[0]).toMatchObject({
      state: "starting",
      reason: "no node can take it: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector",
    });
    expect(await bench.runtime.logs("weather", request())).toEqual({ state: "starting" });
  },
  podLimitMs,
);

clusterTest(
  "a program that crashes again and again says with what code, and its last words can be read",
  async () => {
    await using bench = await file.open();
    const wanted = workload({ environment: { CRASH: "7", STDERR: "no such database" } });
    await bench.runtime.apply(wanted);
    const status = await statusThat(bench.runtime, wanted, ({ replicas: [replica] }) => {
      return replica?.state === "waiting" && replica.restarts >= 1;
    });
    expect(status.replicas[0]?.reason).toBe("exited with code 7");
    for (const previous of [false, true]) {
      // A run that has just begun has not said anything yet.
      await until("its last words", async () => {
        const logs = await bench.runtime.logs("weather", request({ previous }));
        return logs.state === "open" && (await new Response(logs.lines).text()) === "no such database\n";
      });
    }
  },
  podLimitMs,
);

clusterTest(
  "what can be no pod here is refused before anything is made",
  async () => {
    await using bench = await file.open();
    const secretOf = (name: string) => workload({ environment: { KEY: { secretRef: { name } } } });
    expect(bench.runtime.refusal(secretOf("mcp-gateway-keys"))).toEqual({
      why: "unrunnable",
      detail: "environmentVariables.KEY: Secrets named mcp-gateway… are the gateway's own.",
    });
    expect(bench.runtime.refusal(secretOf("maps"))).toBeUndefined();
    expect(bench.runtime.refusal(workload({ environment: { KEY: { secret: "s" } } }))?.why).toBe("unrunnable");
    expect(await bench.runtime.names()).toEqual([]);
  },
  podLimitMs,
);

/** Admission goes by what the quota's status says, which its controller has yet to write. */
async function quotaIsKnown({ kubectl }: { kubectl: (...args: string[]) => Promise<string> }): Promise<void> {
  await until("the quota is known", async () => {
    return (await kubectl("get", "resourcequota", "small", "-o", "jsonpath={.status.hard}")) !== "";
  });
}

/** The client of a service account that has these rules and no others. */
async function clientWith(namespace: string, rules: object[]) {
  const { kubectl, kubeconfig } = file.cluster();
  const subject = { kind: "ServiceAccount", name: "gateway", namespace };
  const metadata = { name: "gateway", namespace };
  const items = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata, rules },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      subjects: [subject],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "gateway" },
    },
  ];
  const made = await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  if (made.exitCode !== 0) throw new Error(made.stderr);
  const token = (await kubectl(["create", "token", "gateway", "--namespace", namespace])).stdout.trim();
  const admin = await loadCluster({ kubeconfig });
  return kubeClient({
    ...admin,
    async access(renew) {
      const { tls } = await admin.access(renew);
      return { tls: { ...tls, cert: undefined, key: undefined }, token };
    },
  });
}
