import { expect, test } from "bun:test";
import type { Runtime } from "../../../gateway/runtime/runtime.ts";
import { until } from "../../support/until.ts";
import { request } from "../runtime.suite.ts";
import { workload } from "../workload.ts";
import { foundPod, foundSet, ofSet } from "./objects/found-seen.ts";
import { openToldCluster } from "./told-cluster.ts";

const labelled = (adapter: string) => ({ labels: { "mcp-gateway/adapter": adapter } });
const found = (runtime: Runtime, name: string, state: string | undefined) =>
  until(`${name} is ${state}`, () => runtime.found.get(name)?.state === state);

/** As the gateway makes it. */
const own = (name: string, kind: "mcp" | "tool" = "mcp") => {
  const labels = { "adapter/type": kind, "adapter/name": name, "app.kubernetes.io/managed-by": "mcp-gateway" };
  return foundSet(name, { labels, template: { labels: { ...labels, "mcp-gateway/adapter": name } } });
};

test("what people label is found, told of and reached, until nothing of it is left", async () => {
  await using cluster = await openToldCluster();
  const { runtime } = cluster;
  const news: string[] = [];
  const stop = runtime.found.onChange((name) => news.push(name));
  const set = foundSet("rain");
  cluster.put(set);
  await found(runtime, "weather", "usable");
  expect(runtime.found.names()).toEqual(["weather"]);
  const pod = foundPod("rain-0", ofSet("rain"));
  cluster.put(pod);
  const reached = await until("its replica", () => runtime.found.endpoints.of("weather")[0]);
  expect(reached).toEqual({ id: "uid-of-rain-0_0", name: "rain-0", origin: "http://10.1.0.7:9000", state: "ready" });
  expect(runtime.endpoints.of("weather")).toEqual([]);
  expect(await runtime.names()).toEqual([]);

  cluster.remove(set);
  await found(runtime, "weather", "ending");
  expect(runtime.found.endpoints.of("weather")).toHaveLength(1);
  cluster.remove(pod);
  await found(runtime, "weather", undefined);
  expect(runtime.found.names()).toEqual([]);
  expect(runtime.found.endpoints.of("weather")).toEqual([]);
  expect(new Set(news)).toEqual(new Set(["weather"]));
  stop();
  cluster.put(set);
  await found(runtime, "weather", "usable");
  expect(news).toHaveLength(4);
});

test("a pod goes where its label says, and nowhere when it has none any more", async () => {
  await using cluster = await openToldCluster();
  const { runtime } = cluster;
  cluster.put(foundPod("rain", labelled("one")));
  await found(runtime, "one", "usable");
  cluster.put(foundPod("rain", labelled("two")));
  await found(runtime, "two", "usable");
  expect(runtime.found.names()).toEqual(["two"]);
  expect(runtime.found.endpoints.of("one")).toEqual([]);
  cluster.put(foundPod("rain", { labels: { app: "rain" } }));
  await found(runtime, "two", undefined);
  expect(runtime.found.endpoints.of("two")).toEqual([]);
});

test("a StatefulSet goes where its pods' label says, and not its own", async () => {
  await using cluster = await openToldCluster();
  const { runtime } = cluster;
  cluster.put(foundSet("rain", { ...labelled("own"), template: { labels: { app: "rain" } } }));
  await found(runtime, "own", "unusable");
  cluster.put(foundSet("rain", { ...labelled("own"), template: labelled("theirs") }));
  await found(runtime, "theirs", "usable");
  expect(runtime.found.names()).toEqual(["theirs"]);
});

test("what the gateway made is not found, whatever labels its pods have", async () => {
  await using cluster = await openToldCluster();
  const { runtime } = cluster;
  cluster.put(own("weather"));
  cluster.put(foundPod("weather-0", ofSet("weather")));
  cluster.put(foundPod("weather-1", { labels: { "mcp-gateway/adapter": "weather", "adapter/type": "mcp" } }));
  cluster.put(foundPod("other", labelled("other")));
  await found(runtime, "other", "usable");
  expect(runtime.found.get("weather")).toBeUndefined();
  expect(runtime.found.endpoints.of("weather")).toEqual([]);
  expect(await runtime.names()).toEqual(["weather"]);
});

test("while something of the gateway's own has the name, nothing can be registered by it", async () => {
  await using cluster = await openToldCluster();
  const { runtime } = cluster;
  const leftover = own("weather", "tool");
  const { spec, ...unlabelled } = leftover;
  const template = { ...spec?.template, metadata: { labels: {} } };
  cluster.put({ ...unlabelled, spec: { ...spec, template } });
  cluster.put(foundPod("rain"));
  await found(runtime, "weather", "unusable");
  const news: string[] = [];
  runtime.found.onChange((name) => news.push(name));
  cluster.remove(leftover);
  await found(runtime, "weather", "usable");
  expect(news).toContain("weather");
});

test("each thing is told once, whichever gateway tells it, and again when it comes back", async () => {
  await using cluster = await openToldCluster();
  const { runtime, written } = cluster;
  const annotations = { "mcp-gateway/affinity": "sticky" };
  cluster.put(foundPod("rain", { annotations }));
  await found(runtime, "weather", "usable");
  const told = () => written().map(({ about, reason, message }) => `${about}: ${reason}: ${message}`);
  const invalid =
    'Pod rain: InvalidAnnotation: The annotation mcp-gateway/affinity cannot be read, so it is "principal".';
  const taken = "Pod rain: NotRegistered: It is taken.";
  for (const _ of [1, 2]) runtime.found.explain("weather", undefined);
  expect(told()).toEqual([invalid]);
  for (const _ of [1, 2]) runtime.found.explain("weather", "It is taken.");
  expect(told()).toEqual([invalid, taken]);
  {
    await using other = await cluster.open();
    other.found.explain("weather", "It is taken.");
    other.found.explain("weather", undefined);
  }
  expect(told()).toEqual([invalid, taken]);

  // The cluster keeps Events for an hour. What is still wrong is not told again, what is wrong once more is.
  runtime.found.explain("weather", undefined);
  cluster.forgetEvents();
  runtime.found.explain("weather", undefined);
  expect(told()).toEqual([]);
  cluster.put(foundPod("rain", { annotations: { "mcp-gateway/affinity": "none" } }));
  await until("it is mended", () => affinityOf(runtime) === "none");
  runtime.found.explain("weather", undefined);
  cluster.put(foundPod("rain", { annotations }));
  await until("it is wrong again", () => affinityOf(runtime) === "principal");
  runtime.found.explain("weather", undefined);
  expect(told()).toEqual([invalid]);
});

function affinityOf({ found: { get } }: Runtime) {
  const adapter = get("weather");
  return adapter?.state === "usable" && adapter.data.affinity;
}

test("its status is what the cluster says, at the revision that was asked about", async () => {
  await using cluster = await openToldCluster();
  const { runtime } = cluster;
  const wanted = workload({ revision: 7 });
  expect(await runtime.found.status(wanted)).toEqual({
    desired: 0,
    ready: 0,
    updated: 0,
    image: "Unknown",
    observedRevision: 7,
    reason: "Nothing of it is left in the cluster.",
    replicas: [],
  });
  cluster.put(foundSet("rain", { replicas: 2 }));
  cluster.put(foundPod("rain-0", ofSet("rain")));
  await until("its replica", () => runtime.found.endpoints.of("weather").length === 1);
  expect(await runtime.found.status(wanted)).toMatchObject({ desired: 2, ready: 1, observedRevision: 7, reason: null });
});

test("logs are there for pods only, and are waited for where one is wanted", async () => {
  await using cluster = await openToldCluster();
  const { runtime } = cluster;
  cluster.put(foundSet("rain", { replicas: 2 }));
  cluster.put(foundPod("rain-0", { ...ofSet("rain"), status: { containerStatuses: [] } }));
  await found(runtime, "weather", "usable");
  const stateOf = async (instance: number) => (await runtime.found.logs("weather", request({ instance }))).state;
  expect([await stateOf(0), await stateOf(1), await stateOf(2)]).toEqual(["starting", "starting", "absent"]);
});
