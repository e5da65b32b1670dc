import { expect, test } from "bun:test";
import { signingKeyFrom } from "../gateway/assertion/keys.ts";
import { guardFigures, identityFigures } from "../gateway/figures.ts";
import * as api from "../openapi/client/index.ts";
import { countedEvents, samplesIn, samplesOf } from "./observe/figures.ts";
import { startGateway } from "./support/gateway.ts";
import { staticRuntime } from "./support/static-runtime.ts";
import { temporaryStore } from "./support/store.ts";
import { until } from "./support/until.ts";

test("an issuer's keys are shown from when they were read, and as old as they are", async () => {
  const { events, figures } = countedEvents();
  const issuers = () => [
    { issuer: "https://a.example", keys: 2, ageMs: 1500 },
    { issuer: "https://b.example", keys: 0, ageMs: undefined },
  ];
  const shown = identityFigures({ remembered: () => 7, issuers }, events);
  const seen = await figures();
  expect(seen["mcp_gateway_token_cache_entries"]).toBe(7);
  expect(samplesOf(seen, "mcp_gateway_issuer_keys")).toEqual({
    '{issuer="https://a.example"}': 2,
    '{issuer="https://b.example"}': 0,
  });
  expect(samplesOf(seen, "mcp_gateway_issuer_keys_age_seconds")).toEqual({ '{issuer="https://a.example"}': 1.5 });
  shown[Symbol.dispose]();
  expect((await figures())["mcp_gateway_token_cache_entries"]).toBeUndefined();
});

test("a guard's keys are counted, and the one that is signed with is as old as its publication", async () => {
  const { events, figures } = countedEvents();
  const key = signingKeyFrom("a gateway key of thirty-two characters");
  const published = [{ kid: "another", x: "", sinceMs: 0 }];
  const ring = { signing: () => key };
  using _ = guardFigures({ ring, board: { published: () => published }, now: () => 90_000 }, events);
  expect(await figures()).toMatchObject({ mcp_gateway_guard_keys: 1 });
  expect((await figures())["mcp_gateway_guard_signing_key_age_seconds"]).toBeUndefined();
  published.push({ kid: key.kid, x: key.x, sinceMs: 30_000 });
  expect(await figures()).toMatchObject({
    mcp_gateway_guard_keys: 2,
    mcp_gateway_guard_signing_key_age_seconds: 60,
  });
});

test("what the runtime does not take is failing, older and older, until it does", async () => {
  await using store = await temporaryStore();
  const runtime = staticRuntime([]);
  let isBroken = true;
  const apply: typeof runtime.apply = async (workload) => {
    if (isBroken) throw new Error("the cluster says no");
    return runtime.apply(workload);
  };
  await using gateway = await startGateway({}, { store, runtime: { ...runtime, apply } });
  const client = gateway.as();
  const body = { name: "weather", imageName: "mcp-example", imageVersion: "1", replicaCount: 3 };
  const figures = async () => samplesIn(await (await fetch(`${gateway.url}/metrics`)).text());
  await api.createAdapter({ client, body });
  const failing = await until("two attempts have failed", async () => {
    const seen = await figures();
    return (seen['mcp_gateway_reconciles_total{kind="workload",result="failed"}'] ?? 0) > 1 && seen;
  });
  expect(failing).toMatchObject({
    'mcp_gateway_reconcile_queue{kind="workload",state="working"}': 0,
    'mcp_gateway_reconcile_queue{kind="workload",state="failing"}': 1,
    'mcp_gateway_reconcile_queue{kind="server",state="failing"}': 0,
    'mcp_gateway_replicas_desired{kind="adapter",name="weather"}': 3,
    'mcp_gateway_replicas_ready{kind="adapter",name="weather"}': 0,
  });
  expect(failing['mcp_gateway_reconcile_retries_total{kind="workload"}']).toBeGreaterThan(0);
  // Between the two attempts was half a second.
  expect(failing['mcp_gateway_reconcile_lag_seconds{kind="workload",state="failing"}']).toBeGreaterThan(0.4);

  isBroken = false;
  const after = await until("it is taken", async () => {
    const seen = await figures();
    return seen['mcp_gateway_reconcile_queue{kind="workload",state="failing"}'] === 0 && seen;
  });
  expect(after['mcp_gateway_reconcile_lag_seconds{kind="workload",state="failing"}']).toBe(0);
  expect(after['mcp_gateway_reconciles_total{kind="workload",result="done"}']).toBeGreaterThan(0);
}, 60_000);
