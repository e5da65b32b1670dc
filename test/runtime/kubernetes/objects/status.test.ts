import { expect, test } from "bun:test";
import type { ClusterEvent, Pod, StatefulSet } from "../../../../gateway/runtime/kubernetes/objects/shapes.ts";
import { statusOf } from "../../../../gateway/runtime/kubernetes/objects/status.ts";
import { about, ready, statefulSet } from "./seen.ts";

test("a healthy workload, as it is counted", () => {
  const set = statefulSet({ replicas: 2 });
  expect(statusOf({ statefulSet: set, pods: [ready(1), ready(0)], events: [] })).toEqual({
    desired: 2,
    ready: 2,
    updated: 2,
    image: "registry.example.com/weather:2",
    replicas: [
      { name: "weather-0", instance: 0, state: "ready", restarts: 0, reason: null },
      { name: "weather-1", instance: 1, state: "ready", restarts: 0, reason: null },
    ],
  });
});

test("updated replicas are those of the applied hash and of the controller's latest revision, once it has seen it", () => {
  const oldHash = ready(0, { annotations: { "adapter/pod-hash": "old" } });
  const oldRevision = ready(0, { labels: { "controller-revision-hash": "weather-6d5b" } });
  const updated = (set: StatefulSet, shown: Pod) => statusOf({ statefulSet: set, pods: [shown], events: [] }).updated;
  expect(updated(statefulSet(), ready(0))).toBe(1);
  expect(updated(statefulSet({ generation: 3 }), ready(0))).toBe(0);
  expect(updated(statefulSet(), oldHash)).toBe(0);
  expect(updated(statefulSet(), oldRevision)).toBe(0);
});

test("what is wanted now counts, also before the cluster knows it; a replica on its way out drains", () => {
  const leaving = { deletionTimestamp: "2026-11-23T09:05:00Z" };
  const status = statusOf({
    workload: { replicaCount: 2 },
    statefulSet: statefulSet({ replicas: 3 }),
    pods: [ready(0), ready(1, leaving), ready(2)],
    events: [],
  });
  expect(status).toMatchObject({ desired: 2, ready: 1, updated: 1 });
  expect(status.replicas.map(({ name, state, reason }) => [name, state, reason])).toEqual([
    ["weather-0", "ready", null],
    ["weather-1", "draining", null],
    ["weather-2", "ready", null],
  ]);
});

test("pods that the StatefulSet did not make are not its replicas", () => {
  const stranger = ready(0, { ownerReferences: [{ uid: "another", controller: true }] });
  const { replicas } = statusOf({ statefulSet: statefulSet(), pods: [stranger], events: [] });
  expect(replicas).toEqual([
    { name: "weather-0", instance: 0, state: "starting", restarts: 0, reason: "it is about to be created" },
  ]);
});

test("replicas are listed by instance, those without a pod among them", () => {
  const { replicas } = statusOf({ statefulSet: statefulSet({ replicas: 3 }), pods: [ready(1)], events: [] });
  expect(replicas.map(({ name, state }) => [name, state])).toEqual([
    ["weather-0", "starting"],
    ["weather-1", "ready"],
    ["weather-2", "starting"],
  ]);
});

/** What the API server said, in a FailedCreate event, and what is shown. */
const created = "Create Pod weather-0 in StatefulSet weather failed error: ";
const failures: [string, string][] = [
  [
    `${created}pods "weather-0" is forbidden: exceeded quota: compute, requested: limits.memory=512Mi, used: limits.memory=1Gi, limited: limits.memory=1Gi`,
    `the namespace's quota "compute" is exceeded: limits.memory=512Mi requested, limits.memory=1Gi used, limits.memory=1Gi allowed`,
  ],
  [
    `${created}pods "weather-0" is forbidden: failed quota: compute: must specify limits.cpu for: metrics`,
    `the namespace's quota "compute" does not allow it: must specify limits.cpu for: metrics`,
  ],
  [
    `${created}pods "weather-0" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true`,
    'the cluster does not allow it: violates PodSecurity "restricted:latest": runAsNonRoot != true',
  ],
  [
    `${created}pods "weather-0" is forbidden: error looking up service account adapter/workload-sa: serviceaccount "workload-sa" not found`,
    'the service account "workload-sa" does not exist',
  ],
  [
    `${created}Internal error occurred: failed calling webhook "guard.example.com": failed to call webhook: connection refused`,
    'the cluster\'s webhook "guard.example.com" does not answer: failed to call webhook: connection refused',
  ],
  [
    `${created}admission webhook "policy.example.com" denied the request: no tag but a digest`,
    'the cluster\'s webhook "policy.example.com" does not allow it: no tag but a digest',
  ],
  [`${created}the server is busy\n\u001b[31mnow`, "it cannot be created: the server is busy [31mnow"],
];

for (const [message, reason] of failures) {
  test(`a pod that cannot be created: ${reason}`, () => {
    const events = [about("StatefulSet", "FailedCreate", message, "2026-11-23T09:00:00Z")];
    expect(statusOf({ statefulSet: statefulSet(), pods: [], events }).replicas).toEqual([
      { name: "weather-0", instance: 0, state: "starting", restarts: 0, reason },
    ]);
  });
}

test("the newest event counts, of this StatefulSet, and of this pod where there is one", () => {
  const failed = (pod: string, said: string, at: string) =>
    about("StatefulSet", "FailedCreate", `Create Pod ${pod} in StatefulSet weather failed error: ${said}`, at);
  const made = about(
    "StatefulSet",
    "SuccessfulCreate",
    "Create Pod weather-1 in StatefulSet weather successful",
    "2026-11-23T09:04:00Z",
  );
  const { lastTimestamp: _, ...counted } = failed("weather-0", "newest", "");
  const events: ClusterEvent[] = [
    failed("weather-0", "older", "2026-11-23T09:01:00Z"),
    { ...counted, eventTime: "2026-11-23T09:00:00Z", series: { lastObservedTime: "2026-11-23T09:03:00.000000Z" } },
    failed("weather-0", "old", "2026-11-23T09:02:00Z"),
    failed("weather-1", "before it was made", "2026-11-23T09:02:00Z"),
    made,
    { ...failed("weather-0", "of its predecessor", "2026-11-23T10:00:00Z"), involvedObject: { uid: "another" } },
  ];
  const { replicas } = statusOf({ statefulSet: statefulSet({ replicas: 2 }), pods: [], events });
  expect(replicas.map(({ reason }) => reason)).toEqual(["it cannot be created: newest", "it is about to be created"]);
});
