import { afterAll, beforeAll, expect, test } from "bun:test";
import { endpointsByManager } from "../../gateway/control-plane/endpoints-by-manager.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Store } from "../../gateway/store/store.ts";
import { openView, type View } from "../../gateway/store/view.ts";
import { workload } from "../runtime/workload.ts";
import { adapterBody, author, toolBody } from "../store/records.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { until } from "../support/until.ts";
import { foundStand, usable } from "./found-stand.ts";

let store: Store;
let view: View;
beforeAll(async () => {
  store = await openPglite({});
  view = await openView({ store, kinds: ["adapter", "tool"], events: { changeFeedFailed: () => undefined } });
});
afterAll(async () => {
  await view[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const made = endpointAt("http://10.1.0.1:8000", "made-0");
const found = endpointAt("http://10.1.0.2:8000", "found-0");

/** Both have replicas by every name that is asked about here. */
async function openBoth(...names: string[]) {
  const runtime = staticRuntime([made]);
  const stand = foundStand();
  for (const name of names) {
    await runtime.apply(workload({ name }));
    stand.put(name, usable(), [found]);
  }
  const endpoints = endpointsByManager({ view, runtime: { ...runtime, found: stand.found } });
  return { runtime, stand, endpoints };
}

test("the record says whose replicas they are; without one, and for a tool, those that the gateway made", async () => {
  const { endpoints } = await openBoth("ours", "theirs", "tool", "nobodys");
  await store.create("adapter", "ours", adapterBody("ours"), author);
  await store.create("adapter", "theirs", adapterBody("theirs", { managedBy: "kubernetes" }), author);
  await store.create("tool", "tool", toolBody("tool"), author);
  await until("the records", () => view.get("tool", "tool"));
  expect(endpoints.of("ours")).toEqual([made]);
  expect(endpoints.of("theirs")).toEqual([found]);
  expect(endpoints.of("tool")).toEqual([made]);
  expect(endpoints.of("nobodys")).toEqual([made]);
});

test("who waits for replicas hears of them, and of a record by which they come into view; nobody hears of those of others", async () => {
  const { runtime, stand, endpoints } = await openBoth("waited", "other");
  await store.create("adapter", "other", adapterBody("other"), author);
  await until("the record", () => view.get("adapter", "other"));
  const heard: string[] = [];
  const stop = endpoints.subscribe((name) => heard.push(name));
  stand.put("other", usable(), []);
  expect(heard).toEqual([]);
  runtime.set([made, made]);
  expect(heard.splice(0)).toEqual(["waited", "other"]);

  await store.create("adapter", "waited", adapterBody("waited", { managedBy: "kubernetes" }), author);
  await until("the record", () => view.get("adapter", "waited"));
  expect(heard.splice(0)).toEqual(["waited"]);
  stand.put("waited", usable(), []);
  expect(heard.splice(0)).toEqual(["waited"]);

  stop();
  runtime.set([]);
  stand.put("waited", usable(), [found]);
  expect([heard, stand.listeners.size]).toEqual([[], 0]);
});
