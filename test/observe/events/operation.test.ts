import { expect, test } from "bun:test";
import { operationDefinitions } from "../../../gateway/observe/definitions/operation.ts";
import { exposition } from "../../../gateway/observe/metrics/registry.ts";
import { countedEvents, samplesOf } from "../figures.ts";

test("tokens are counted by what came of them, and why", async () => {
  const { events, figures } = countedEvents();
  for (const result of ["hit", "hit", "miss"] as const) events.tokenLookedUp(result);
  events.tokenExamined({ result: "verified" });
  events.tokenExamined({ result: "refused", reason: "expired" });
  events.tokenExamined({ result: "refused", reason: "expired" });
  events.tokenExamined({ result: "unavailable" });
  events.issuerAsked({ issuer: "https://login.example.com", result: "read" });
  events.issuerAsked({ issuer: "https://login.example.com", result: "failed" });
  const seen = await figures();
  expect(samplesOf(seen, "mcp_gateway_token_cache_lookups_total")).toEqual({
    '{result="hit"}': 2,
    '{result="miss"}': 1,
  });
  expect(samplesOf(seen, "mcp_gateway_token_verifications_total")).toEqual({
    '{result="verified",reason="none"}': 1,
    '{result="refused",reason="expired"}': 2,
    '{result="unavailable",reason="none"}': 1,
  });
  expect(samplesOf(seen, "mcp_gateway_issuer_key_readings_total")).toEqual({
    '{issuer="https://login.example.com",result="read"}': 1,
    '{issuer="https://login.example.com",result="failed"}': 1,
  });
});

test("assertions and the keys for them are counted", async () => {
  const { events, figures } = countedEvents();
  for (const source of ["signed", "cached", "cached"] as const) events.assertionMade(source);
  events.guardKeysPublished({ keys: 2 });
  events.guardKeysNotPublished("403 Forbidden");
  const seen = await figures();
  expect(samplesOf(seen, "mcp_gateway_guard_assertions_total")).toEqual({
    '{source="signed"}': 1,
    '{source="cached"}': 2,
  });
  expect(samplesOf(seen, "mcp_gateway_guard_key_publications_total")).toEqual({
    '{result="published"}': 1,
    '{result="failed"}': 1,
  });
});

test("what becomes of records is counted and timed", async () => {
  const { events, figures } = countedEvents();
  const what = { name: "weather", revision: 1, by: "ada", requestId: "1" };
  events.resourceWritten({ ...what, action: "create", kind: "adapter", author: "client" });
  events.resourceWritten({ ...what, action: "update", kind: "adapter", author: "registrar" });
  events.reconciled({ kind: "workload", result: "failed", seconds: 0.02, isRetry: false });
  events.reconciled({ kind: "workload", result: "done", seconds: 0.2, isRetry: true });
  events.leadershipChanged({ leading: true, holder: "a" });
  const seen = await figures();
  expect(samplesOf(seen, "mcp_gateway_resource_writes_total")).toEqual({
    '{kind="adapter",action="create",author="client"}': 1,
    '{kind="adapter",action="update",author="registrar"}': 1,
  });
  expect(samplesOf(seen, "mcp_gateway_reconciles_total")).toEqual({
    '{kind="workload",result="failed"}': 1,
    '{kind="workload",result="done"}': 1,
  });
  expect(samplesOf(seen, "mcp_gateway_reconcile_retries_total")).toEqual({ '{kind="workload"}': 1 });
  expect(seen['mcp_gateway_reconcile_duration_seconds_bucket{kind="workload",le="0.025"}']).toBe(1);
  expect(seen['mcp_gateway_reconcile_duration_seconds_sum{kind="workload"}']).toBeCloseTo(0.22);
  expect(samplesOf(seen, "mcp_gateway_leadership_changes_total")).toEqual({ "": 1 });
});

test("replicas are counted by the workload's name, and what is counted of it goes with it", async () => {
  const { events, figures } = countedEvents();
  const run = { replica: "my-weather-0", id: "a", pid: 1, port: 2 };
  events.replicaStarted({ ...run, restarts: 0 });
  events.replicaEnded({ replica: "my-weather-0", id: "a", reason: "killed", restartInMs: 1 });
  events.replicaStarted({ ...run, restarts: 1 });
  events.replicaStopped({ replica: "my-weather-0", id: "b" });
  events.replicaSeen({ workload: "other", starts: 1, restarts: 0, crashes: 0, stops: 0 });
  const seen = await figures();
  expect(samplesOf(seen, "mcp_gateway_replica_starts_total")).toEqual({
    '{name="my-weather"}': 2,
    '{name="other"}': 1,
  });
  expect(samplesOf(seen, "mcp_gateway_replica_restarts_total")).toEqual({ '{name="my-weather"}': 1 });
  expect(samplesOf(seen, "mcp_gateway_replica_ends_total")).toEqual({
    '{name="my-weather",how="crashed"}': 1,
    '{name="my-weather",how="stopped"}': 1,
  });
  events.workloadGone("my-weather");
  const after = await figures();
  expect(Object.keys(after).filter((sample) => sample.includes("my-weather"))).toEqual([]);
  expect(samplesOf(after, "mcp_gateway_replica_starts_total")).toEqual({ '{name="other"}': 1 });
});

test("what a cluster's API server does to the gateway is counted", async () => {
  const { events, figures } = countedEvents();
  events.kubernetesBusy({ method: "GET", path: "/api", status: 429, retryInMs: 1 });
  events.watchInterrupted({ kind: "Pod", namespace: "adapter", reason: "it ended", retryInMs: 1 });
  const seen = await figures();
  expect(samplesOf(seen, "mcp_gateway_kubernetes_throttled_total")).toEqual({ '{status="429"}': 1 });
  expect(samplesOf(seen, "mcp_gateway_watch_interruptions_total")).toEqual({ '{kind="Pod"}': 1 });
});

test("what becomes of audit entries is counted", async () => {
  const { events, figures } = countedEvents();
  events.auditWritten(100);
  events.auditLost({ count: 7, why: "too many waited for the store" });
  events.auditWriteFailed({ attempt: 1, waiting: 3, retryInMs: 1 }, new Error("away"));
  events.auditPurged({ count: 4, before: new Date(0) });
  events.auditPurgeFailed(new Error("away"));
  events.changeFeedFailed(new Error("away"));
  expect(await figures()).toMatchObject({
    mcp_gateway_audit_entries_written_total: 100,
    mcp_gateway_audit_entries_lost_total: 7,
    mcp_gateway_audit_write_failures_total: 1,
    mcp_gateway_audit_entries_purged_total: 4,
    mcp_gateway_audit_purge_failures_total: 1,
    mcp_gateway_change_feed_failures_total: 1,
  });
});

test("what the process could not tell, and what its files said, is counted", async () => {
  const { events, figures } = countedEvents();
  events.spansDropped(3);
  events.logLinesDropped(2);
  events.gatewayKeysChanged({ file: "keys", keys: 1, added: 1, removed: 0 });
  events.gatewayKeysUnusable({ file: "keys", reason: "empty", kept: 1 });
  events.logLevelChanged({ file: "level", from: "info", to: "debug" });
  events.logLevelUnusable({ file: "level", reason: "no word", kept: "info" });
  events.logLevelUnreadable({ reason: "level cannot be read", kept: "info" });
  const seen = await figures();
  expect(seen).toMatchObject({ mcp_gateway_spans_dropped_total: 3, mcp_gateway_log_lines_dropped_total: 2 });
  expect(samplesOf(seen, "mcp_gateway_settings_file_changes_total")).toEqual({
    '{setting="GATEWAY_KEYS_FILE",result="taken"}': 1,
    '{setting="GATEWAY_KEYS_FILE",result="unusable"}': 1,
    '{setting="LOG_LEVEL_FILE",result="taken"}': 1,
    '{setting="LOG_LEVEL_FILE",result="unusable"}': 1,
  });
});

test("whatever callers, clusters and stores think of, the figures stay few", async () => {
  const { events, figures } = countedEvents();
  for (let n = 0; n < 10_000; n++) {
    const name = `made-up-${n}`;
    events.restAnswered({ route: "/adapters/{name}", method: `M${n}`, status: 200, seconds: 0 });
    events.restAnswered({ route: name, method: "GET", status: 404, seconds: 0 });
    events.tokenExamined({ result: "refused", reason: name });
    events.replicaSeen({ workload: name, starts: 1, restarts: 1, crashes: 1, stops: 1 });
    events.storeAnswered({ operation: name, result: "ok", seconds: 0 });
    events.watchInterrupted({ kind: name, namespace: "adapter", reason: "", retryInMs: 0 });
  }
  const seen = await figures();
  const seriesOf = (name: string) => Object.keys(samplesOf(seen, name)).length;
  expect(seriesOf("mcp_gateway_rest_requests_total")).toBe(1001);
  expect(seen['mcp_gateway_rest_requests_total{route="/adapters/{name}",method="other",status="2xx"}']).toBe(10_000);
  expect(seriesOf("mcp_gateway_token_verifications_total")).toBe(1001);
  expect(seriesOf("mcp_gateway_replica_starts_total")).toBe(1001);
  expect(samplesOf(seen, "mcp_gateway_replica_starts_total")['{name="other"}']).toBe(9000);
  expect(seriesOf("mcp_gateway_store_operation_duration_seconds_count")).toBe(1001);
  expect(seriesOf("mcp_gateway_watch_interruptions_total")).toBe(1001);
});

test("each figure of the table is shown under its name and kind once something has happened", async () => {
  const { events, registry } = countedEvents();
  for (const name of gauges) events.watched(name, () => []);
  const text = await (await exposition(registry, null)).text();
  for (const { name, kind, help } of Object.values(operationDefinitions)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`);
  }
});

const gauges = Object.entries(operationDefinitions).flatMap(([name, { kind }]) => {
  return kind === "gauge" ? [name as "issuerKeys"] : [];
});
