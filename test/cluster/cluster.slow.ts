import { afterAll, beforeAll, expect, test } from "bun:test";
import { lives } from "../support/process.ts";
import { until } from "../support/until.ts";
import { clusterAvailable, type OwnCluster, startCluster } from "./cluster.ts";
import type { Pod } from "./objects.ts";
import { apply, images, isReady, podLimitMs, podOf, podThat, webImage, webPod, webSet } from "./support.ts";

const available = await clusterAvailable();
const skipped = available.state === "missing" || Boolean(process.env["KUBECONFIG"]);
if (skipped) {
  console.error(
    `SKIPPED: the cluster of processes: ${available.state === "missing" ? available.why : "KUBECONFIG names another"}`,
  );
}
const clusterTest = test.skipIf(skipped);

let cluster: OwnCluster;
beforeAll(async () => {
  if (skipped) return;
  const started = await startCluster({ images });
  if (started.origin !== "own") throw new Error("no cluster of its own");
  cluster = started;
}, 3_600_000);
afterAll(async () => await cluster?.[Symbol.asyncDispose]());

type EndpointSlices = { items: { endpoints: { addresses: string[]; conditions: { ready: boolean } }[] | null }[] };

async function readyAddresses(service: string): Promise<string[]> {
  const slices = await cluster.api.get<EndpointSlices>(
    `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${service}`,
  );
  const endpoints = slices.items.flatMap((slice) => slice.endpoints ?? []);
  return endpoints.filter(({ conditions }) => conditions.ready).flatMap(({ addresses }) => addresses);
}

async function ask(podIP: string | undefined, path = "/"): Promise<Response> {
  return await fetch(`http://${podIP}:8080${path}`, { keepalive: false });
}

clusterTest("the pods of a StatefulSet become ready, are endpoints, and answer at their addresses", async () => {
  await apply(cluster, webSet("two", 2));
  const pods = [await podThat(cluster, "two-0", "is ready"), await podThat(cluster, "two-1", "is ready")];
  const addresses = pods.map(({ status }) => status?.podIP ?? "none");
  await until("both are endpoints", async () => {
    const listed = await readyAddresses("two-service");
    return listed.toSorted().join() === addresses.toSorted().join();
  });
  const answers = await Promise.all(addresses.map(async (address) => await (await ask(address)).json()));
  expect(answers).toMatchObject([{ pod: "two-0" }, { pod: "two-1" }]);
});

clusterTest("a killed process is started again and counted", async () => {
  await apply(cluster, webPod("killed"));
  await podThat(cluster, "killed", "is ready");
  const pid = cluster.kubelet.pid("default", "killed");
  process.kill(pid ?? 0, "SIGKILL");
  const pod = await podThat(
    cluster,
    "killed",
    "is ready again",
    (seen) => isReady(seen) && seen.status?.containerStatuses?.[0]?.restartCount === 1,
  );
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    ready: true,
    restartCount: 1,
    lastState: { terminated: { exitCode: 137, reason: "Error" } },
  });
  expect(cluster.kubelet.pid("default", "killed")).not.toBe(pid);
});

clusterTest("a container that keeps failing waits in CrashLoopBackOff", async () => {
  await apply(cluster, webPod("failing", { containers: [{ name: "web", image: webImage, command: ["false"] }] }));
  const waits = (reason: string) => (pod: Pod) => {
    const state = pod.status?.containerStatuses?.[0]?.state;
    return state !== undefined && "waiting" in state && state.waiting.reason === reason;
  };
  const pod = await podThat(cluster, "failing", "backs off", waits("CrashLoopBackOff"));
  expect(pod.status?.phase).toBe("Running");
  expect(pod.status?.containerStatuses?.[0]?.lastState.terminated?.exitCode).toBe(1);
});

clusterTest("an image that nobody has keeps a pod pending, and says so", async () => {
  await apply(cluster, webPod("typo", { containers: [{ name: "web", image: "registry.test/wbe:1" }] }));
  const pod = await podThat(cluster, "typo", "cannot pull", (seen) =>
    JSON.stringify(seen.status?.containerStatuses ?? []).includes("ImagePullBackOff"),
  );
  expect(pod.status?.phase).toBe("Pending");
  expect(pod.status?.containerStatuses?.[0]?.state).toEqual({
    waiting: {
      reason: "ImagePullBackOff",
      message:
        'Back-off pulling image "registry.test/wbe:1": ErrImagePull: failed to pull image "registry.test/wbe:1": not found',
    },
  });
  await until("kubectl describe tells it", async () => {
    const { stdout } = await cluster.kubectl(["describe", "pod", "typo"]);
    return /Warning +Failed +\S+ +kubelet +spec.containers.web.: failed to pull image "registry.test\/wbe:1": not found/.test(
      stdout,
    );
  });
});

clusterTest("a sidecar starts before the app and ends after it", async () => {
  const sidecar = {
    name: "guard",
    image: webImage,
    restartPolicy: "Always" as const,
    env: [{ name: "PORT", value: "9090" }],
    startupProbe: { httpGet: { path: "/", port: 9090 }, periodSeconds: 1 },
  };
  const prepare = { name: "prepare", image: webImage, command: ["true"] };
  // It ends if the sidecar does not listen when it starts, and looks again when it is told to end.
  const file = `/tmp/sidecar-${crypto.randomUUID()}`;
  const look = "echo > /dev/tcp/$HOST/9090";
  const program = `${look} || exit 1; trap '${look} && touch ${file}; exit' TERM; while :; do sleep 0.1; done`;
  const app = ["bash", "-c", program];
  const containers = [{ name: "web", image: webImage, command: app }];
  await apply(cluster, webPod("pair", { initContainers: [prepare, sidecar], containers }));
  const { status } = await podThat(cluster, "pair", "is ready");
  expect(status?.initContainerStatuses).toMatchObject([
    { name: "prepare", ready: true, state: { terminated: { exitCode: 0, reason: "Completed" } } },
    { name: "guard", ready: true, started: true, restartCount: 0 },
  ]);
  const [guard = 0, web = 0] = [
    cluster.kubelet.pid("default", "pair", "guard"),
    cluster.kubelet.pid("default", "pair"),
  ];
  expect(status?.containerStatuses).toMatchObject([{ restartCount: 0, started: true }]);
  await cluster.kubectl(["delete", "pod", "pair"]);
  expect([lives(guard), lives(web)]).toEqual([false, false]);
  expect(await Bun.file(file).exists()).toBe(true);
  await Bun.file(file).delete();
});

clusterTest("a sidecar that never comes up keeps the app from starting", async () => {
  const sidecar = {
    name: "guard",
    image: webImage,
    restartPolicy: "Always" as const,
    startupProbe: { tcpSocket: { port: 1 }, periodSeconds: 1, failureThreshold: 100 },
  };
  await apply(cluster, webPod("held", { initContainers: [sidecar] }));
  const pod = await podThat(cluster, "held", "runs its sidecar", (seen) =>
    Boolean(seen.status?.initContainerStatuses?.some(({ state }) => "running" in state)),
  );
  expect(pod.status?.phase).toBe("Pending");
  expect(pod.status?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "PodInitializing" } });
  expect(cluster.kubelet.pid("default", "held")).toBeUndefined();
});

clusterTest("a container that stops answering its liveness probe is started again", async () => {
  const file = `/tmp/liveness-${crypto.randomUUID()}`;
  await Bun.write(file, "");
  const livenessProbe = { exec: { command: ["test", "-e", file] }, periodSeconds: 1, failureThreshold: 1 };
  await apply(cluster, webPod("asked", { containers: [{ name: "web", image: webImage, livenessProbe }] }));
  await podThat(cluster, "asked", "is ready");
  await Bun.file(file).delete();
  await podThat(cluster, "asked", "restarts", (pod) => (pod.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
});

clusterTest("a container gets values, secrets, settings and facts of its pod", async () => {
  await apply(cluster, { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { token: "gehëim" } });
  await apply(cluster, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { LEVEL: "debug" } });
  const env = [
    { name: "PLAIN", value: "one" },
    { name: "JOINED", value: "$(PLAIN)+$(UNKNOWN)+$$(PLAIN)" },
    { name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "token" } } },
    { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    { name: "ADDRESS", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "LATER", valueFrom: { secretKeyRef: { name: "later", key: "k" } } },
  ];
  const container = {
    name: "web",
    image: webImage,
    args: ["--say=$(PLAIN)"],
    env,
    envFrom: [{ configMapRef: { name: "c" } }],
  };
  await apply(cluster, webPod("told", { containers: [container] }));
  const waiting = await podThat(cluster, "told", "misses a Secret", (pod) =>
    JSON.stringify(pod.status ?? {}).includes("CreateContainerConfigError"),
  );
  expect(waiting.status?.containerStatuses?.[0]?.state).toEqual({
    waiting: { reason: "CreateContainerConfigError", message: 'secret "later" not found' },
  });
  await apply(cluster, { apiVersion: "v1", kind: "Secret", metadata: { name: "later" }, stringData: { k: "v" } });
  const { status } = await podThat(cluster, "told", "is ready");
  const answer = await until("it answers", async () => await ask(status?.podIP).catch(() => undefined));
  const told = (await answer.json()) as { environment: Record<string, string>; arguments: string[] };
  expect(told.arguments).toEqual(["--say=one"]);
  expect(told.environment).toMatchObject({
    JOINED: "one+$(UNKNOWN)+$(PLAIN)",
    TOKEN: "gehëim",
    LEVEL: "debug",
    NODE: "node-of-processes",
    ADDRESS: status?.podIP as string,
    HOST: status?.podIP as string,
    LATER: "v",
  });
});

clusterTest("a mounted ConfigMap follows its object, and a token is one of the pod's service account", async () => {
  const config = (text: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "keys" },
    data: { "jwks.json": text },
  });
  await apply(cluster, config("one"));
  const volumes = [
    { name: "keys", configMap: { name: "keys" } },
    { name: "token", projected: { sources: [{ serviceAccountToken: { path: "t", audience: "gateway" } }] } },
    { name: "scratch", emptyDir: {} },
  ];
  const container = {
    name: "web",
    image: webImage,
    command: ["sh", "-c", "cp /etc/token/t /scratch/t; while :; do cat $KEYS /scratch/t; echo; sleep 0.1; done"],
    env: [{ name: "KEYS", value: "/etc/keys/jwks.json" }],
    volumeMounts: [
      { name: "keys", mountPath: "/etc/keys" },
      { name: "token", mountPath: "/etc/token" },
      { name: "scratch", mountPath: "/scratch" },
    ],
  };
  await apply(cluster, webPod("mounts", { containers: [container], volumes, terminationGracePeriodSeconds: 0 }));
  await podThat(cluster, "mounts", "is ready");
  const says = (text: string) =>
    until(`it says ${text}`, async () => {
      const { stdout } = await cluster.kubectl(["logs", "mounts", "--tail=1"]);
      return stdout.startsWith(text) && stdout;
    });
  const line = await says("one");
  const claims = JSON.parse(Buffer.from(line.split(".")[1] ?? "", "base64url").toString()) as object;
  expect(claims).toMatchObject({ aud: ["gateway"], sub: "system:serviceaccount:default:default" });
  await apply(cluster, config("two"));
  await says("two");
});

clusterTest("kubectl reads the log of a container: the end of it, what comes, and the run before", async () => {
  await apply(cluster, webSet("talker", 1));
  const { status } = await podThat(cluster, "talker-0", "is ready");
  const listens = `talker-0 listens on http://${status?.podIP}:8080/\n`;
  expect(await cluster.kubectl(["logs", "talker-0"])).toEqual({ stdout: listens, stderr: "", exitCode: 0 });

  const follow = "/api/v1/namespaces/default/pods/talker-0/log?follow=true&tailLines=1";
  const followed = cluster.api.lines(follow, new AbortController().signal);
  expect((await followed.next()).value).toBe(listens.trim());
  await ask(status?.podIP, "/say");
  expect((await followed.next()).value).toBe("asked to say this");
  expect((await cluster.kubectl(["logs", "talker-0", "--tail=1"])).stdout).toBe("asked to say this\n");
  process.kill(cluster.kubelet.pid("default", "talker-0") ?? 0, "SIGTERM");
  expect((await followed.next()).value).toBe("goodbye");
  expect((await followed.next()).done).toBe(true);
  await podThat(cluster, "talker-0", "runs again", (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1);
  const previous = await cluster.kubectl(["logs", "talker-0", "--previous"]);
  expect(previous.stdout).toBe(`${listens}asked to say this\ngoodbye\n`);
});

clusterTest("what is deleted ends, with the time it asks for, and is forgotten", async () => {
  const stubborn = { name: "web", image: webImage, command: ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"] };
  await apply(cluster, webPod("stubborn", { containers: [stubborn], terminationGracePeriodSeconds: 1 }));
  await podThat(cluster, "stubborn", "is ready");
  const pid = cluster.kubelet.pid("default", "stubborn") ?? 0;
  expect((await cluster.kubectl(["delete", "pod", "stubborn"])).exitCode).toBe(0);
  expect(lives(pid)).toBe(false);

  await apply(cluster, webSet("gone", 2));
  await podThat(cluster, "gone-0", "is ready");
  const pids = ["gone-0", "gone-1"].map((name) => cluster.kubelet.pid("default", name) ?? 0);
  await cluster.kubectl(["delete", "statefulset", "gone", "--cascade=foreground"]);
  await until("its pods are gone", async () => {
    return (await cluster.kubectl(["get", "pods", "-l", "app=gone", "-o", "name"])).stdout === "";
  });
  expect(pids.map(lives)).toEqual([false, false]);
});

clusterTest("a pod that runs once is over when its program is", async () => {
  const containers = [{ name: "web", image: webImage, command: ["true"] }];
  await apply(cluster, webPod("once", { containers, restartPolicy: "Never" }));
  await podThat(cluster, "once", "is over", (pod) => pod.status?.phase === "Succeeded");
});

clusterTest(
  "a killed API server comes back with all it had, and the pods go on",
  async () => {
    await apply(cluster, webSet("kept", 1));
    const before = await podThat(cluster, "kept-0", "is ready");
    const pid = cluster.kubelet.pid("default", "kept-0");
    await cluster.killApiServer();
    await expect(cluster.api.text("/readyz")).rejects.toThrow();
    expect(await (await ask(before.status?.podIP)).json()).toMatchObject({ pod: "kept-0" });
    await cluster.startApiServer();
    const after = await podOf(cluster, "kept-0");
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(cluster.kubelet.pid("default", "kept-0")).toBe(pid);
    // The node and the controllers are at work again too.
    await cluster.kubectl(["scale", "statefulset", "kept", "--replicas=2"]);
    await podThat(cluster, "kept-1", "is ready");
  },
  podLimitMs * 2,
);

clusterTest(
  "what ends of the control plane without being asked to is started again",
  async () => {
    // As `bun test` does it to all children when a test times out.
    for (const each of cluster.processes()) each.signal("SIGTERM");
    await Promise.all(cluster.processes().map(({ exited }) => exited));
    await until(
      "the API server takes it",
      () =>
        apply(cluster, webPod("afterwards")).then(
          () => true,
          () => false,
        ),
      podLimitMs,
    );
    await podThat(cluster, "afterwards", "is ready");
  },
  podLimitMs * 2,
);

clusterTest(
  "after a compaction nobody can watch from an old resourceVersion",
  async () => {
    type List = { metadata: { resourceVersion: string } };
    const list = await cluster.api.get<List>("/api/v1/namespaces/default/configmaps");
    await apply(cluster, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "newer" }, data: {} });
    const watch = `/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
    const first = async () => {
      for await (const event of cluster.api.watch(watch, new AbortController().signal)) return event;
      return undefined;
    };
    expect(await first()).toMatchObject({ type: "ADDED" });
    await cluster.compact();
    expect(await first()).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
  },
  podLimitMs * 3,
);

clusterTest("a frozen API server answers nothing until it is thawed", async () => {
  cluster.freezeApiServer();
  const answer = cluster.api.text("/readyz");
  expect(await Promise.race([answer, Bun.sleep(300).then(() => "silence")])).toBe("silence");
  cluster.thawApiServer();
  expect(await answer).toBe("ok");
});
