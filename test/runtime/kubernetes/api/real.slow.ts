import { afterAll, beforeAll, expect, test } from "bun:test";
import { type KubeClient, kubeClient } from "../../../../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../../../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import { leaderElection } from "../../../../gateway/runtime/kubernetes/api/lease.ts";
import { apiLimits, reflectorLimits } from "../../../../gateway/runtime/kubernetes/api/limits.ts";
import { reflect } from "../../../../gateway/runtime/kubernetes/api/reflector.ts";
import {
  endpointSlices,
  events,
  leases,
  pods,
  services,
  statefulSets,
} from "../../../../gateway/runtime/kubernetes/api/resources.ts";
import { clusterAvailable, type OwnCluster, startCluster } from "../../../cluster/cluster.ts";
import { images, webSet } from "../../../cluster/support.ts";
import { until } from "../../../support/until.ts";
import { certificates } from "./certificates.ts";

const available = await clusterAvailable();
const skipped = available.state === "missing" || Boolean(process.env["KUBECONFIG"]);
if (skipped)
  console.error(
    `SKIPPED: the client on a real API server: ${available.state === "missing" ? available.why : "KUBECONFIG names another"}`,
  );
const clusterTest = test.skipIf(skipped);

let cluster: OwnCluster;
let kube: KubeClient;
beforeAll(async () => {
  if (skipped) return;
  const started = await startCluster({ images });
  if (started.origin !== "own") throw new Error("no cluster of its own");
  cluster = started;
  kube = kubeClient(await loadCluster({ kubeconfig: cluster.kubeconfig }));
}, 3_600_000);
afterAll(async () => await cluster?.[Symbol.asyncDispose]());

const namespace = "default";
const draft = (name: string, note = "one", suite = "verbs") => ({
  apiVersion: services.apiVersion,
  kind: services.kind,
  metadata: { name, labels: { suite }, annotations: { note } },
  spec: { clusterIP: "None", ports: [{ name: "http", port: 80 }] },
});
const write = { namespace, fieldManager: "one", force: false };

function copyOfServices(options: { idleMs?: number } = {}) {
  const stop = new AbortController();
  const heard: string[] = [];
  const reasons: string[] = [];
  const copy = reflect(kube, services, {
    namespace,
    labelSelector: "suite=copy",
    signal: stop.signal,
    limits: { ...reflectorLimits, ...options },
    onChange: (type, { metadata }) => heard.push(`${type} ${metadata.name}`),
    events: { watchInterrupted: ({ reason }) => reasons.push(reason) },
  });
  return {
    copy,
    heard,
    reasons,
    hears: (line: string) => until(line, () => heard.includes(line), 60_000),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await copy.done;
    },
  };
}

clusterTest("verbs: applied, conflicting, patched, removed under a condition", async () => {
  expect(await kube.get(services, { namespace, name: "none" })).toMatchObject({ status: 404, reason: "NotFound" });
  const made = await kube.apply(services, draft("verbs"), write);
  if (made.state !== "ok") throw new Error(made.message);
  expect(await kube.create(services, draft("verbs"), { namespace })).toMatchObject({ reason: "AlreadyExists" });
  const other = { ...write, fieldManager: "another" };
  expect(await kube.apply(services, draft("verbs", "two"), other)).toMatchObject({ status: 409, reason: "Conflict" });
  expect((await kube.apply(services, draft("verbs", "two"), { ...other, force: true })).state).toBe("ok");
  const typo = { ...draft("typo"), spec: { clusterIP: "None", prots: [] } };
  const strict = { namespace, fieldValidation: "Strict" } as const;
  expect(await kube.create(services, typo, strict)).toMatchObject({ status: 400, reason: "BadRequest" });
  // So says the server.
  expect(await kube.apply(services, typo, { ...write, ...strict })).toMatchObject({
    status: 500,
    reason: "InternalError",
  });
  const { resourceVersion, uid } = made.object.metadata;
  const patch = { metadata: { resourceVersion, annotations: { note: "three" } } };
  expect(await kube.patch(services, { namespace, name: "verbs", type: "merge", patch })).toMatchObject({ status: 409 });
  const strategic = { metadata: { annotations: { note: "four" } } };
  expect(await kube.patch(services, { namespace, name: "verbs", type: "strategic", patch: strategic })).toMatchObject({
    object: { metadata: { annotations: { note: "four" } } },
  });
  const remove = (uid: string) => kube.remove(services, { namespace, name: "verbs", preconditions: { uid } });
  expect(await remove("another")).toMatchObject({ status: 409 });
  expect((await remove(uid)).state).toBe("ok");
});

clusterTest("a wrong CA and a wrong certificate are refused", async () => {
  const { otherCa, foreignClient } = await certificates();
  const right = await loadCluster({ kubeconfig: cluster.kubeconfig });
  const { tls, token } = await right.access(false);
  const as = (changes: object) =>
    kubeClient({ ...right, access: () => Promise.resolve({ tls: { ...tls, ...changes }, token }) });
  expect((await as({ ca: otherCa }).get(services, { namespace, name: "none" })).state).toBe("unreachable");
  expect((await as({ ca: undefined }).get(services, { namespace, name: "none" })).state).toBe("unreachable");
  expect(await as(foreignClient).get(services, { namespace, name: "none" })).toMatchObject({ status: 401 });
});

clusterTest(
  "logs and endpoints of a pod that runs; a sentence while it does not",
  async () => {
    for (const item of webSet("logged", 1).items) {
      const answer = await kube.request({
        method: "POST",
        path: `${item.kind === "Service" ? "/api/v1" : "/apis/apps/v1"}/namespaces/default/${item.kind.toLowerCase()}s`,
        body: { type: "application/json", text: JSON.stringify(item) },
      });
      expect(answer.state).toBe("ok");
    }
    await until(
      "it is an endpoint",
      async () => {
        const answer = await kube.list(endpointSlices, {
          namespace,
          labelSelector: "kubernetes.io/service-name=logged-service",
        });
        if (answer.state !== "ok") return false;
        const endpoints = answer.object.items.flatMap((slice) => slice.endpoints ?? []);
        return endpoints.some(({ conditions, targetRef }) => conditions?.ready && targetRef?.name === "logged-0");
      },
      30_000,
    );
    const logs = await kube.logs({ namespace, name: "logged-0", tailLines: 5 });
    expect(logs.state).toBe("ok");
    const missing = await kube.logs({ namespace, name: "logged-0", previous: true });
    expect(missing.state).toBe("failed");
    expect((await kube.get(pods, { namespace, name: "logged-0" })).state).toBe("ok");
    const set = await kube.get(statefulSets, { namespace, name: "logged" });
    if (set.state !== "ok") throw new Error(set.message);
    const { apiVersion, kind, metadata } = set.object;
    const involvedObject = { apiVersion, kind, namespace, name: metadata.name, uid: metadata.uid };
    const event = {
      apiVersion: events.apiVersion,
      kind: events.kind,
      metadata: { generateName: "logged." },
      involvedObject,
      type: "Normal" as const,
      reason: "Applied",
      message: "revision 1 applied",
    };
    expect((await kube.create(events, event, { namespace })).state).toBe("ok");
    const scale = { namespace, name: "logged", type: "merge" as const, patch: { spec: { replicas: 0 } } };
    expect((await kube.patch(statefulSets, { ...scale, subresource: "scale" })).state).toBe("ok");
  },
  60_000,
);

clusterTest("a list of more than a page is whole", async () => {
  const limits = { ...apiLimits, itemsPerPage: 2 };
  const small = kubeClient(await loadCluster({ kubeconfig: cluster.kubeconfig }), { limits });
  for (const name of ["a", "b", "c", "d", "e"])
    await kube.apply(services, draft(`page-${name}`, "one", "pages"), write);
  const answer = await small.list(services, { namespace, labelSelector: "suite=pages" });
  expect(answer.state === "ok" && answer.object.items.map(({ metadata }) => metadata.name)).toEqual([
    "page-a",
    "page-b",
    "page-c",
    "page-d",
    "page-e",
  ]);
});

clusterTest(
  "the copy follows over a kill of the API server and over a compaction (410), and hears of no change twice",
  async () => {
    await using watching = copyOfServices();
    await until("it is synced", () => watching.copy.synced);
    await kube.apply(services, draft("kept", "one", "copy"), write);
    await watching.hears("added kept");
    await cluster.killApiServer();
    await until("it is noticed", () => watching.copy.lastError);
    await cluster.startApiServer();
    await kube.apply(services, draft("after-kill", "one", "copy"), write);
    await watching.hears("added after-kill");
    // Not seen through the selector, so that what was seen last is too old afterwards.
    for (const note of ["one", "two", "three"]) await kube.apply(services, draft("unseen", note), write);
    await cluster.compact();
    await kube.remove(services, { namespace, name: "after-kill" });
    await watching.hears("removed after-kill");
    await kube.apply(services, draft("after-compaction", "one", "copy"), write);
    await watching.hears("added after-compaction");
    expect(watching.heard).toEqual(["added kept", "added after-kill", "removed after-kill", "added after-compaction"]);
    expect(watching.reasons.filter((reason) => reason.startsWith("410 Expired"))).toHaveLength(1);
  },
  180_000,
);

clusterTest(
  "a half-open watch is noticed by its silence",
  async () => {
    await using watching = copyOfServices({ idleMs: 3_000 });
    await until("it is synced", () => watching.copy.synced);
    cluster.freezeApiServer();
    try {
      await until("it is noticed", () => watching.copy.lastError, 30_000);
    } finally {
      cluster.thawApiServer();
    }
    await kube.apply(services, draft("after-freeze", "one", "copy"), write);
    await watching.hears("added after-freeze");
  },
  120_000,
);

clusterTest("one of two leads; when it stops the other does", async () => {
  const contender = (identity: string) => {
    const stop = new AbortController();
    const { leading, done } = leaderElection({
      client: kube,
      namespace,
      name: "mcp-gateway",
      identity,
      retrySeconds: 0.2,
      signal: stop.signal,
      onChange: () => undefined,
    });
    return { leading, stop: () => end(stop, done) };
  };
  const end = (stop: AbortController, done: Promise<void>) => {
    stop.abort();
    return done;
  };
  const a = contender("a");
  await until("a leads", a.leading);
  const b = contender("b");
  await a.stop();
  await until("b leads", b.leading);
  const lease = await kube.get(leases, { namespace, name: "mcp-gateway" });
  expect(lease).toMatchObject({ object: { spec: { holderIdentity: "b", leaseTransitions: 1 } } });
  await b.stop();
});
