import { expect, test } from "bun:test";
import { endpointsIn } from "../../../../gateway/runtime/kubernetes/objects/endpoints.ts";
import { restartsOf } from "../../../../gateway/runtime/kubernetes/objects/pods.ts";
import type { EndpointSlice, Pod } from "../../../../gateway/runtime/kubernetes/objects/shapes.ts";

type Listed = NonNullable<EndpointSlice["endpoints"]>[number];
type Conditions = NonNullable<Listed["conditions"]>;

const weather = { kind: "adapter", name: "weather", port: 8000 } as const;
const ready: Conditions = { ready: true, serving: true, terminating: false };
const ending: Conditions = { ready: false, serving: true, terminating: true };
const restarts = new Map([
  ["uid-0", 0],
  ["uid-1", 3],
  ["uid-2", 0],
  ["uid-10", 0],
]);

function listed(instance: number, conditions: Conditions = ready, changes: Partial<Listed> = {}): Listed {
  return {
    addresses: [`10.1.0.${instance}`],
    conditions,
    targetRef: { kind: "Pod", name: `weather-${instance}`, uid: `uid-${instance}` },
    ...changes,
  };
}

function slice(endpoints: Listed[], changes: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    metadata: { name: "weather-service-abcde", labels: { "kubernetes.io/service-name": "weather-service" } },
    addressType: "IPv4",
    endpoints,
    ports: [{ name: "mcp", port: 8000 }],
    ...changes,
  };
}

test("ready replicas take sessions, ending ones keep theirs, all others are left out; by instance", () => {
  const slices = [
    slice([listed(10), listed(1, ending)]),
    slice([listed(2, { ready: false, serving: false, terminating: false }), listed(0)]),
  ];
  expect(endpointsIn(slices, weather, restarts)).toEqual([
    { id: "uid-0_0", name: "weather-0", origin: "http://10.1.0.0:8000", state: "ready" },
    { id: "uid-1_3", name: "weather-1", origin: "http://10.1.0.1:8000", state: "draining" },
    { id: "uid-10_0", name: "weather-10", origin: "http://10.1.0.10:8000", state: "ready" },
  ]);
});

test("conditions that are absent mean ready, and an ending replica that does not answer is gone", () => {
  const cases: [Conditions | undefined, string | undefined][] = [
    [undefined, "ready"],
    [{}, "ready"],
    [{ ready: true }, "ready"],
    [{ ready: false }, undefined],
    [{ ready: false, serving: false, terminating: true }, undefined],
    [{ ready: true, serving: true, terminating: true }, "draining"],
  ];
  for (const [conditions, state] of cases) {
    const { conditions: _, ...bare } = listed(0);
    const endpoint = conditions === undefined ? bare : { ...bare, conditions };
    expect(endpointsIn([slice([endpoint])], weather, restarts)[0]?.state).toBe(state as "ready");
  }
});

test("the port is the one that has the Service's port name, or else the workload's number", () => {
  const cases: [EndpointSlice["ports"], string | undefined][] = [
    [[{ name: "mcp", port: 15001 }], "http://10.1.0.0:15001"],
    [
      [
        { name: "metrics", port: 9090 },
        { name: "mcp", port: 8000 },
      ],
      "http://10.1.0.0:8000",
    ],
    [[{ name: "", port: 8000 }], "http://10.1.0.0:8000"],
    [[{ name: "metrics", port: 9090 }], undefined],
    [[{ name: "mcp", port: null }], undefined],
    [[], undefined],
    [null, undefined],
  ];
  for (const [ports, origin] of cases) {
    expect(endpointsIn([slice([listed(0)], { ports })], weather, restarts)[0]?.origin).toBe(origin as string);
  }
});

test("a tool's port is called http", () => {
  const tool = { kind: "tool", name: "weather", port: 9090 } as const;
  const found = endpointsIn([slice([listed(0)], { ports: [{ name: "http", port: 9191 }] })], tool, restarts);
  expect(found[0]?.origin).toBe("http://10.1.0.0:9191");
});

test("a replica in several slices is one: draining counts for more than ready, IPv4 for more than IPv6", () => {
  const six = slice([listed(0, ready, { addresses: ["fd00::1"] })], { addressType: "IPv6" });
  const four = slice([listed(0)]);
  const leaving = slice([listed(0, ending)]);
  const only = (slices: EndpointSlice[]) =>
    endpointsIn(slices, weather, restarts).map(({ origin, state }) => `${state} ${origin}`);
  expect(only([six])).toEqual(["ready http://[fd00::1]:8000"]);
  expect(only([six, four])).toEqual(["ready http://10.1.0.0:8000"]);
  expect(only([four, six])).toEqual(["ready http://10.1.0.0:8000"]);
  expect(only([four, leaving])).toEqual(["draining http://10.1.0.0:8000"]);
  expect(only([leaving, four])).toEqual(["draining http://10.1.0.0:8000"]);
});

test("only the workload's own pods are endpoints", () => {
  const target = (changes: Listed["targetRef"]) =>
    listed(0, ready, { targetRef: { kind: "Pod", name: "weather-0", uid: "uid-0", ...changes } });
  const strangers = [
    target({ kind: "Node" }),
    target({ name: "weather-x" }),
    target({ name: "weather-00" }),
    target({ name: "weather-service-0" }),
    target({ uid: "unknown" }),
    { addresses: ["10.1.0.9"], conditions: ready },
    listed(0, ready, { addresses: [] }),
  ];
  expect(endpointsIn([slice(strangers)], weather, restarts)).toEqual([]);
  expect(endpointsIn([slice([listed(0)], { addressType: "FQDN" })], weather, restarts)).toEqual([]);
  const other = { labels: { "kubernetes.io/service-name": "other-service" } };
  expect(endpointsIn([slice([listed(0)], { metadata: other })], weather, restarts)).toEqual([]);
  expect(endpointsIn([slice([], { endpoints: null })], weather, restarts)).toEqual([]);
});

test("a program that was started again in its pod is another replica; what runs beside it does not count", () => {
  const statefulSet = { metadata: { name: "weather", uid: "set" } };
  const pod = (restartCount: number, owner = "set"): Pod => ({
    metadata: { name: "weather-0", uid: "uid-0", ownerReferences: [{ uid: owner, controller: true }] },
    status: {
      containerStatuses: [
        { name: "guard", restartCount: 7 },
        { name: "weather-container", restartCount },
      ],
    },
  });
  const ids = (pods: Pod[]) =>
    endpointsIn([slice([listed(0)])], weather, restartsOf(statefulSet, pods)).map(({ id }) => id);
  expect(ids([pod(0)])).toEqual(["uid-0_0"]);
  expect(ids([pod(1)])).toEqual(["uid-0_1"]);
  // Somebody else's pod with the labels that the Service selects by.
  expect(ids([pod(0, "another-set")])).toEqual([]);
});
