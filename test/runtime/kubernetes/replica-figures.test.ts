import { expect, test } from "bun:test";
import { countedEvents, samplesOf } from "../../observe/figures.ts";
import { until } from "../../support/until.ts";
import { openToldCluster } from "./told-cluster.ts";

function podOf(name: string, restartCount: number) {
  const [workload] = name.split("-");
  const state = { running: { startedAt: "2026-11-23T09:00:10Z" } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, uid: name, labels: { "adapter/type": "mcp", "adapter/name": workload } },
    spec: { containers: [] },
    status: { containerStatuses: [{ name: `${workload}-container`, ready: true, restartCount, state }] },
  };
}

test("replicas that come, crash and go are counted from when the gateway began to look", async () => {
  await using cluster = await openToldCluster();
  cluster.put(podOf("weather-0", 3));
  const { events, figures } = countedEvents();
  await using _ = await cluster.open(events);
  expect(samplesOf(await figures(), "mcp_gateway_replica_starts_total")).toEqual({});
  cluster.put(podOf("weather-1", 0));
  cluster.put(podOf("weather-0", 4));
  cluster.remove(podOf("weather-1", 0));
  await until("the end of one", async () => {
    const ends = samplesOf(await figures(), "mcp_gateway_replica_ends_total");
    return ends['{name="weather",how="stopped"}'] === 1;
  });
  const seen = await figures();
  expect(samplesOf(seen, "mcp_gateway_replica_starts_total")).toEqual({ '{name="weather"}': 2 });
  expect(samplesOf(seen, "mcp_gateway_replica_restarts_total")).toEqual({ '{name="weather"}': 1 });
  expect(samplesOf(seen, "mcp_gateway_replica_ends_total")).toEqual({
    '{name="weather",how="crashed"}': 1,
    '{name="weather",how="stopped"}': 1,
  });
});
