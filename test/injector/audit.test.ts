import { expect, test } from "bun:test";
import { missingGuards } from "../../injector/audit/missing-guards.ts";
import { kubeClient } from "../../gateway/runtime/kubernetes/api/client.ts";
import { clusterAt, status } from "../runtime/kubernetes/api/fake-api.ts";
import { fakeTime } from "../runtime/kubernetes/api/fake-time.ts";
import { until } from "../support/until.ts";
import { type ApiServer, apiServer } from "./api-server.ts";

const nowMs = Date.parse("2026-12-01T12:00:00.123Z");
const guard = { name: "mcp-guard", image: "guard:1", restartPolicy: "Always" };
const labels = { "mcp-gateway/adapter": "weather" };

function pod(name: string, spec: object = {}, more: object = {}) {
  const metadata = { name, uid: `uid-${name}`, namespace: "adapter", labels };
  return { metadata, spec: { containers: [{ name: "server" }], ...spec }, ...more };
}

function audit(api: ApiServer) {
  const time = fakeTime();
  const seen = { missing: [] as string[], count: -1, lost: [] as string[] };
  const running = missingGuards({
    client: kubeClient(clusterAt(api.origin)),
    namespace: "adapter",
    instance: "injector-0",
    now: () => nowMs,
    pause: time.pause,
    events: {
      guardMissing: (what) => seen.missing.push(`${what.pod} of ${what.adapter}`),
      guardsMissing: (count) => {
        seen.count = count;
      },
      clusterEventLost: ({ reason }) => seen.lost.push(reason),
      watchInterrupted: () => undefined,
    },
  });
  return Object.assign(seen, { time, [Symbol.asyncDispose]: running[Symbol.asyncDispose] });
}

test("a pod without a guard is told once, as an Event that kubectl shows", async () => {
  await using api = apiServer();
  api.putPod(pod("weather-0"));
  api.putPod(pod("weather-1", { initContainers: [guard] }));
  await using first = audit(api);
  await until("it is told", () => api.events.size === 1);
  expect(api.events.get("missing-guard.uid-weather-0")).toEqual({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "missing-guard.uid-weather-0", namespace: "adapter" },
    involvedObject: {
      apiVersion: "v1",
      kind: "Pod",
      name: "weather-0",
      namespace: "adapter",
      uid: "uid-weather-0",
      resourceVersion: expect.any(String),
    },
    type: "Warning",
    reason: "MissingGuard",
    message:
      "This pod has no guard, so the gateway sends it nothing: it was made while nobody asked the injector. Delete it, so that it is made again.",
    source: { component: "mcp-gateway-injector" },
    reportingComponent: "mcp-gateway-injector",
    reportingInstance: "injector-0",
    firstTimestamp: "2026-12-01T12:00:00Z",
    lastTimestamp: "2026-12-01T12:00:00Z",
    count: 1,
  } as never);
  api.putPod(pod("weather-0", { hostname: "changed" }));
  api.putPod(pod("weather-2"));
  await until("another is told", () => api.events.size === 2);
  expect(first.missing).toEqual(["weather-0 of weather", "weather-2 of weather"]);
  expect(first.count).toBe(2);

  // Another injector finds the same, and tells nothing more.
  await using second = audit(api);
  await until("it has counted", () => second.count === 2);
  await until("it has tried", () => api.asked.filter(({ method }) => method === "POST").length === 4);
  expect(api.events.size).toBe(2);
  expect(second.lost).toEqual([]);
});

test("a pod counts until it goes, is over, or is about to go", async () => {
  await using api = apiServer();
  for (const name of ["a", "b", "c", "d"]) api.putPod(pod(name));
  await using seen = audit(api);
  await until("all count", () => seen.count === 4);
  api.removePod("a");
  await until("three count", () => seen.count === 3);
  api.putPod(pod("b", {}, { status: { phase: "Succeeded" } }));
  await until("two count", () => seen.count === 2);
  const { metadata, ...rest } = pod("c");
  api.putPod({ ...rest, metadata: { ...metadata, deletionTimestamp: "2026-12-01T12:00:00Z" } } as ReturnType<
    typeof pod
  >);
  await until("one counts", () => seen.count === 1);
});

test("only pods of adapters are asked for that have not opted out", async () => {
  await using api = apiServer();
  await using _ = audit(api);
  await until("it watches", () => api.asked.some(({ url }) => url.searchParams.has("watch")));
  expect(new Set(api.asked.map(({ url }) => url.searchParams.get("labelSelector")))).toEqual(
    new Set(["mcp-gateway/adapter,mcp-gateway/inject!=false"]),
  );
});

test("what could not be told is told a minute later", async () => {
  await using api = apiServer();
  api.refuseEvents = () => status(403, "Forbidden", "no right");
  api.putPod(pod("weather-0"));
  await using seen = audit(api);
  await until("it is lost", () => seen.lost.length === 1);
  expect(seen.lost).toEqual(["403 Forbidden: no right"]);
  api.refuseEvents = undefined;
  await seen.time.forward(60_000);
  await until("it is told", () => api.events.size === 1);
  await seen.time.forward(120_000);
  expect(api.asked.filter(({ method }) => method === "POST")).toHaveLength(2);
});
