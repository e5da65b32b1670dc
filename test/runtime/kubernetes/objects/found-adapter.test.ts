import { expect, test } from "bun:test";
import { foundAdapterIn, warningsOf } from "../../../../gateway/runtime/kubernetes/objects/found-adapter.ts";
import { foundObjectsIn } from "../../../../gateway/runtime/kubernetes/objects/found-objects.ts";
import type { FoundAdapter } from "../../../../gateway/runtime/runtime.ts";
import { foundPod, foundSet, labelledAs, ofDeployment, ofSet, weatherOf } from "./found-seen.ts";

const found = (...items: Parameters<typeof weatherOf>) => foundAdapterIn(weatherOf(...items), { registry: "" });

function dataOf(adapter: FoundAdapter | undefined) {
  if (adapter?.state !== "usable") throw new Error(`not usable: ${JSON.stringify(adapter)}`);
  return adapter.data;
}

test("a StatefulSet is an adapter that only admins may use, until it says more", () => {
  expect(found(foundSet("rain", { replicas: 3 }))).toEqual({
    state: "usable",
    replicas: "wanted",
    data: {
      imageName: "team/weather",
      imageVersion: "2",
      replicaCount: 3,
      description: "",
      requiredRoles: [],
      allowedTools: null,
      exposeTools: false,
      affinity: "principal",
    },
  });
});

test("annotations say the rest, on the StatefulSet or on its pods, and its own go before those", () => {
  const annotations = {
    "mcp-gateway/required-roles": "mcp.engineer, mcp.support,",
    "mcp-gateway/description": "Weather forecasts",
    "mcp-gateway/allowed-tools": '{"*":["forecast"],"mcp.engineer":["*"]}',
    "mcp-gateway/expose-tools": "true",
    "mcp-gateway/affinity": "none",
  };
  const said = {
    requiredRoles: ["mcp.engineer", "mcp.support"],
    description: "Weather forecasts",
    allowedTools: { "*": ["forecast"], "mcp.engineer": ["*"] },
    exposeTools: true,
    affinity: "none",
  };
  expect(dataOf(found(foundSet("rain", { annotations })))).toMatchObject(said);
  expect(dataOf(found(foundSet("rain", { template: { annotations } })))).toMatchObject(said);
  expect(dataOf(found(foundPod("rain", { annotations })))).toMatchObject(said);
  const own = { "mcp-gateway/required-roles": "mcp.ops" };
  const both = foundSet("rain", { annotations: own, template: { annotations } });
  expect(dataOf(found(both))).toMatchObject({ ...said, requiredRoles: ["mcp.ops"] });
});

test("which of its tools the router shows may be said, too", () => {
  const annotations = { "mcp-gateway/expose-tools": '[{"tool":"forecast","as":"weather"}]' };
  expect(dataOf(found(foundSet("rain", { annotations }))).exposeTools).toEqual([{ tool: "forecast", as: "weather" }]);
});

test.each([
  ["required-roles", "a".repeat(257), { requiredRoles: [] }, "only admins may use it"],
  ["allowed-tools", '{"*": "forecast"}', { allowedTools: {} }, "no tool is allowed"],
  ["allowed-tools", "forecast", { allowedTools: {} }, "no tool is allowed"],
  ["allowed-tools", "", { allowedTools: {} }, "no tool is allowed"],
  ["expose-tools", "yes", { exposeTools: false }, "the tool router does not show it"],
  ["affinity", "sticky", { affinity: "principal" }, 'it is "principal"'],
  ["description", "x".repeat(4097), { description: "" }, "it has none"],
] as const)("%s: %p opens nothing, and is told", (annotation, text, data, words) => {
  const set = foundSet("rain", {
    annotations: { "mcp-gateway/required-roles": "mcp.ops", [`mcp-gateway/${annotation}`]: text },
  });
  expect(dataOf(found(set))).toMatchObject(data);
  expect(warningsOf(weatherOf(set), undefined)).toEqual([
    {
      object: { kind: "StatefulSet", name: "rain", uid: "uid-of-rain" },
      reason: "InvalidAnnotation",
      message: `The annotation mcp-gateway/${annotation} cannot be read, so ${words}.`,
    },
  ]);
});

test("annotations of ours that are misspelled are told, in one breath and not without end", () => {
  const messages = (annotations: Record<string, string>) =>
    warningsOf(weatherOf(foundPod("rain", { annotations })), undefined).map(({ message }) => message);
  expect(messages({ "mcp-gateway/allowedTools": "{}", "mcp-gateway/port": "8000", other: "" })).toEqual([
    "What these annotations say is not known to the gateway: mcp-gateway/allowedTools.",
  ]);
  const many = Array.from({ length: 9 }, (_, index) => [`mcp-gateway/${index}`, ""] as const);
  expect(messages(Object.fromEntries(many))).toEqual([
    "What these annotations say is not known to the gateway: mcp-gateway/0, mcp-gateway/1, mcp-gateway/2, mcp-gateway/3, mcp-gateway/4.",
  ]);
});

test("of several StatefulSets the oldest speaks, and the others are told; all their replicas count", () => {
  const older = foundSet("old", { created: "2026-11-22T09:00:00Z", annotations: { "mcp-gateway/description": "old" } });
  const newer = foundSet("new", { replicas: 2, annotations: { "mcp-gateway/description": "new" } });
  const pod = foundPod("bare", { annotations: { "mcp-gateway/description": "bare" } });
  expect(dataOf(found(newer, older, foundPod("old-0", ofSet("old"))))).toMatchObject({
    description: "old",
    replicaCount: 3,
  });
  expect(found(newer, older, pod)).toMatchObject({
    replicas: "counted",
    data: { description: "old", replicaCount: 4 },
  });
  expect(warningsOf(weatherOf(newer, older), undefined)).toEqual([
    {
      object: { kind: "StatefulSet", name: "new", uid: "uid-of-new" },
      reason: "NotCounted",
      message:
        "Its pods take requests, but its annotations do not count: those of the StatefulSet old do, which is older.",
    },
  ]);
});

test("of pods the newest speaks; those on their way out, and those that others have replaced, do not count", () => {
  const described = (description: string) => ({ annotations: { "mcp-gateway/description": description } });
  const pods = [
    foundPod("rain-a", { ...ofDeployment, ...described("first") }),
    foundPod("rain-b", { ...ofDeployment, ...described("second"), created: "2026-11-23T09:00:01Z" }),
    foundPod("rain-c", { ...ofDeployment, ...described("going"), created: "2026-11-23T09:00:02Z", ending: true }),
    foundPod("rain-d", { ...ofDeployment, created: "2026-11-23T09:00:03Z", status: { phase: "Failed" } }),
    foundPod("bare", { status: { phase: "Failed" } }),
  ];
  expect(found(...pods)).toMatchObject({ replicas: "counted", data: { description: "second", replicaCount: 3 } });
});

test("when a StatefulSet is deleted its pods say nothing of their own, and the rest of it is ending", () => {
  const pod = foundPod("rain-0", { ...ofSet("rain"), annotations: { "mcp-gateway/description": "half of it" } });
  expect(found(pod)).toEqual({ state: "ending" });
  expect(found(foundPod("rain-0", { ending: true }))).toEqual({ state: "ending" });
  expect(found()).toBeUndefined();
});

test("a StatefulSet that is labelled where its pods are not is told where the label belongs", () => {
  const labels = { "mcp-gateway/adapter": "weather" };
  const set = foundSet("rain", { labels, template: { labels: { app: "rain" } } });
  expect(found(set)).toEqual({ state: "unusable" });
  expect(warningsOf(weatherOf(set), undefined)).toEqual([
    {
      object: { kind: "StatefulSet", name: "rain", uid: "uid-of-rain" },
      reason: "NotRegistered",
      message: "The label mcp-gateway/adapter belongs to the pods: put it into spec.template.metadata.labels.",
    },
  ]);
  expect(found(set, foundPod("bare"))).toMatchObject({ state: "usable", data: { replicaCount: 1 } });
});

test.each(["Weather", "weather.eu", "weather_eu", "", "w".repeat(53)])("the label %p is no name", (name) => {
  const labels = { "mcp-gateway/adapter": name };
  const objects = labelledAs(name, foundPod("rain", { labels }));
  expect(foundAdapterIn(objects, { registry: "" })).toEqual({ state: "unusable" });
  const [warning] = warningsOf(objects, undefined);
  expect(warning).toEqual({
    object: { kind: "Pod", name: "rain", uid: "uid-of-rain" },
    reason: "NotRegistered",
    message: `${JSON.stringify(name)} cannot be the name of an adapter: it has lowercase letters, digits and dashes, 52 at most.`,
  });
});

test("a refusal is told to whoever speaks for it, and nothing else is", () => {
  const set = foundSet("rain", { annotations: { "mcp-gateway/affinity": "sticky" } });
  expect(warningsOf(weatherOf(set, foundPod("rain-0", ofSet("rain"))), "The name is taken.")).toEqual([
    {
      object: { kind: "StatefulSet", name: "rain", uid: "uid-of-rain" },
      reason: "NotRegistered",
      message: "The name is taken.",
    },
  ]);
});

test("what has opted out is not found, nor is what the gateway made", () => {
  const labels = { "mcp-gateway/adapter": "weather", "mcp-gateway/inject": "false" };
  expect(found(foundPod("rain", { labels }), foundSet("rain", { template: { labels } }))).toBeUndefined();
  const own = { statefulSets: [foundSet("weather")], pods: [foundPod("weather-0", ofSet("weather"))] };
  const isOwn = { isOwnSet: () => true, isOwnPod: () => true };
  expect(foundObjectsIn("weather", own, isOwn)).toEqual({
    name: "weather",
    statefulSets: [],
    pods: [],
    mislabelled: [],
  });
});
