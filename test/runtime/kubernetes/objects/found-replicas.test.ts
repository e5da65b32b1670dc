import { expect, test } from "bun:test";
import {
  foundEndpointsIn,
  foundReplicasIn,
  ordinalsOf,
} from "../../../../gateway/runtime/kubernetes/objects/found-replicas.ts";
import { foundStatusOf } from "../../../../gateway/runtime/kubernetes/objects/found-status.ts";
import { foundPod, foundSet, ofDeployment, ofSet, weatherOf } from "./found-seen.ts";

type Items = Parameters<typeof weatherOf>;
const unguarded = { guard: undefined };
const guarded = { guard: { image: "mcp-gateway:1", variables: {} } };

const numbers = (...items: Items) =>
  foundReplicasIn(weatherOf(...items)).map(({ name, instance }) => `${instance} ${name}`);
const endpoints = (...items: Items) => foundEndpointsIn(weatherOf(...items), unguarded);
const statusOf = (settings: typeof unguarded | typeof guarded, ...items: Items) =>
  foundStatusOf({ objects: weatherOf(...items), events: [], settings });

test("a StatefulSet's pods have their ordinals, all others the numbers after those, by name", () => {
  const set = foundSet("rain", { replicas: 3 });
  const pods = [foundPod("b"), foundPod("rain-2", ofSet("rain")), foundPod("a"), foundPod("rain-0", ofSet("rain"))];
  expect(numbers(set, ...pods)).toEqual(["0 rain-0", "2 rain-2", "3 a", "4 b"]);
  expect(numbers(foundPod("b"), foundPod("a"))).toEqual(["0 a", "1 b"]);
  const counting = foundSet("rain", { replicas: 2, start: 5 });
  expect(numbers(counting, foundPod("rain-6", ofSet("rain")), foundPod("a"))).toEqual(["6 rain-6", "7 a"]);
  expect(numbers(counting, foundPod("a"))).toEqual(["7 a"]);
});

test("a pod that is only called like a StatefulSet's is another one", () => {
  expect(numbers(foundSet("rain"), foundPod("rain-0", ofSet("other")))).toEqual(["1 rain-0"]);
});

test("however many replicas somebody asks for, no more are counted than an adapter can have", () => {
  expect(ordinalsOf(foundSet("rain", { replicas: 2_147_483_647 }))).toHaveLength(256);
});

test("ready pods take sessions, ending ones keep theirs, all others are left out", () => {
  const pods = [
    foundPod("a"),
    foundPod("b", { ending: true }),
    foundPod("c", { ready: false }),
    foundPod("d", { ready: false, ending: true }),
    foundPod("e", { status: { podIP: "fd00::7" } }),
    foundPod("f", { ...ofDeployment, status: { phase: "Failed" } }),
    // It has a readiness gate.
    foundPod("h", { ready: false, status: { containerStatuses: [{ name: "server", ready: true }] } }),
    // Its condition has yet to follow.
    foundPod("g", { status: { containerStatuses: [{ name: "server", ready: false }] } }),
  ];
  expect(endpoints(...pods)).toEqual([
    { id: "uid-of-a_0", name: "a", origin: "http://10.1.0.7:9000", state: "ready" },
    { id: "uid-of-b_0", name: "b", origin: "http://10.1.0.7:9000", state: "draining" },
    { id: "uid-of-e_0", name: "e", origin: "http://[fd00::7]:9000", state: "ready" },
  ]);
});

test("a pod without an address is left out", () => {
  const { status, ...pod } = foundPod("a");
  const { podIP: _, ...without } = status ?? {};
  expect(endpoints({ ...pod, status: without })).toEqual([]);
});

test("a server that was started again is another replica, whichever of its containers it was", () => {
  const containerStatuses = [
    { name: "server", ready: true, restartCount: 2 },
    { name: "beside", ready: true, restartCount: 1 },
  ];
  const initContainerStatuses = [{ name: "mcp-guard", ready: true, restartCount: 9 }];
  const pod = foundPod("a", { status: { containerStatuses, initContainerStatuses } });
  expect(endpoints(pod).map(({ id }) => id)).toEqual(["uid-of-a_3"]);
});

test("where guards are, nobody is sent past one", () => {
  const pods = [foundPod("a", { guarded: true }), foundPod("b")];
  expect(foundEndpointsIn(weatherOf(...pods), guarded)).toEqual([
    { id: "uid-of-a_0", name: "a", origin: "http://10.1.0.7:15001", state: "ready" },
  ]);
  const set = foundSet("weather");
  const words = "has no guard: it was made while the injector was away; delete the pod so that it is made again";
  expect(statusOf(guarded, set, foundPod("weather-0", ofSet("weather")))).toMatchObject({
    ready: 0,
    reason: `weather-0 ${words}`,
    replicas: [{ name: "weather-0", state: "starting", reason: `it ${words}` }],
  });
  expect(statusOf(guarded, ...pods)).toMatchObject({
    ready: 1,
    reason: "b has no guard: it was made while the injector was away; delete the pod and apply it again",
  });
});

test("without guards a pod is reached where its server says that it listens, and told when it does not", () => {
  const containers = [{ name: "a", ports: [{ containerPort: 1 }, { containerPort: 2 }] }];
  const unclear = foundPod("a", { spec: { containers } });
  expect(endpoints(unclear)).toEqual([]);
  expect(statusOf(unguarded, unclear).reason).toBe('a does not say where its server listens: name that port "mcp"');
  const wrong = foundPod("a", { annotations: { "mcp-gateway/port": "http" } });
  expect(endpoints(wrong)).toEqual([]);
  expect(statusOf(unguarded, wrong).reason).toBe('a names a port that is none: "http"');
  const right = foundPod("a", { annotations: { "mcp-gateway/port": "2" }, spec: { containers } });
  expect(endpoints(right).map(({ origin }) => origin)).toEqual(["http://10.1.0.7:2"]);
});

test("a status counts what is wanted, and names what is missing", () => {
  const set = foundSet("rain", { replicas: 2 });
  expect(statusOf(unguarded, set, foundPod("rain-1", ofSet("rain")), foundPod("extra", { ready: false }))).toEqual({
    desired: 3,
    ready: 1,
    updated: 2,
    image: "registry.example.com/team/weather:2",
    reason: null,
    replicas: [
      { name: "rain-0", instance: 0, state: "starting", restarts: 0, reason: "it is about to be created" },
      { name: "rain-1", instance: 1, state: "ready", restarts: 0, reason: null },
      {
        name: "extra",
        instance: 2,
        state: "starting",
        restarts: 0,
        reason: "it has not answered its startup probe yet",
      },
    ],
  });
});

test("of a Deployment those pods are up to date that are like the newest one", () => {
  const hashed = (hash: string) => ({ labels: { "mcp-gateway/adapter": "weather", "pod-template-hash": hash } });
  const old = foundPod("rain-1", { ...ofDeployment, ...hashed("1") });
  const newer = foundPod("rain-2", { ...ofDeployment, ...hashed("2"), created: "2026-11-23T09:00:01Z" });
  const going = foundPod("rain-0", { ...ofDeployment, ...hashed("1"), ending: true });
  expect(statusOf(unguarded, old, newer, going)).toMatchObject({
    desired: 2,
    ready: 2,
    updated: 1,
    replicas: [{ state: "draining" }, { state: "ready" }, { state: "ready" }],
  });
  expect(statusOf(unguarded, foundPod("a"), foundPod("b")).updated).toBe(2);
});

test("a StatefulSet's pods are up to date when they are of its latest template", () => {
  const old = foundPod("rain-0", {
    ...ofSet("rain"),
    labels: { "mcp-gateway/adapter": "weather", "controller-revision-hash": "rain-1" },
  });
  expect(statusOf(unguarded, foundSet("rain"), old)).toMatchObject({ ready: 1, updated: 0 });
});

test("the server's container speaks for the pod, whatever it is called and whatever stands beside it", () => {
  const containers = [
    { name: "proxy", image: "envoy:1", ports: [{ name: "admin", containerPort: 9901 }] },
    { name: "app", image: "weather:3", ports: [{ name: "mcp", containerPort: 9000 }] },
  ];
  const waiting = { waiting: { reason: "CrashLoopBackOff" } };
  const lastState = { terminated: { exitCode: 3 } };
  const containerStatuses = [
    { name: "proxy", ready: true, started: true, restartCount: 0, state: { running: {} } },
    { name: "app", ready: false, restartCount: 4, state: waiting, lastState },
  ];
  const pod = foundPod("a", { ready: false, spec: { containers }, status: { containerStatuses } });
  expect(statusOf(unguarded, pod)).toMatchObject({
    image: "weather:3",
    replicas: [{ state: "waiting", restarts: 4, reason: "exited with code 3" }],
  });
});
