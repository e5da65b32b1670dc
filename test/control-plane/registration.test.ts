import { expect, test } from "bun:test";
import { type Known, registrationOf } from "../../gateway/control-plane/registration.ts";
import type { FoundAdapter } from "../../gateway/runtime/runtime.ts";
import type { Resource, WorkloadKind } from "../../gateway/store/store.ts";
import { adapterBody, toolBody } from "../store/records.ts";
import { foundData, usable } from "./found-stand.ts";

const lingerMs = 10_000;
const resource = { name: "weather", uid: "uid-1", revision: 3, deleting: false } as const;
const registered: Resource<"adapter"> = {
  ...resource,
  kind: "adapter",
  body: adapterBody("weather", { ...foundData(), managedBy: "kubernetes" }),
};
const ours: Resource<"adapter"> = { ...resource, kind: "adapter", body: adapterBody("weather") };
const tool: Resource<"tool"> = { ...resource, kind: "tool", body: toolBody("weather") };
const deleting = <R extends Resource<WorkloadKind>>(record: R): R => ({ ...record, deleting: true });

const outcome = (known: Partial<Known>) =>
  registrationOf({ found: undefined, steadyMs: 0, record: undefined, ...known }, lingerMs);

type State = FoundAdapter | undefined;
const ending: State = { state: "ending" };
const unusable: State = { state: "unusable" };

test("what is found and has no record gets one, if it can have one", () => {
  expect(outcome({ found: usable() })).toEqual({ state: "create", data: foundData() });
  for (const found of [ending, unusable, undefined]) expect(outcome({ found })).toEqual({ state: "settled" });
});

test.each([
  ["imageName", "other"],
  ["imageVersion", "2"],
  ["replicaCount", 0],
  ["description", "Forecasts"],
  ["requiredRoles", []],
  ["allowedTools", { "*": ["forecast"] }],
  ["exposeTools", [{ tool: "forecast" }]],
  ["affinity", "none"],
] as const)("another %s is written down at once", (field, value) => {
  const found = usable({ [field]: value });
  expect(outcome({ found, record: registered })).toEqual({ state: "update", record: registered, data: found.data });
});

test("what is as it was is left alone", () => {
  expect(outcome({ found: usable(), record: registered })).toEqual({ state: "settled" });
});

test("a number of replicas that nobody asked for is written down when it has settled", () => {
  const found = usable({ replicaCount: 3 }, "counted");
  const { data } = found;
  expect(outcome({ found, record: registered })).toEqual({ state: "wait", ms: 10_000 });
  expect(outcome({ found, record: registered, steadyMs: 9_000 })).toEqual({ state: "wait", ms: 1_000 });
  expect(outcome({ found, record: registered, steadyMs: 10_000 })).toEqual({
    state: "update",
    record: registered,
    data,
  });
  const more = usable({ replicaCount: 3, imageVersion: "2" }, "counted");
  expect(outcome({ found: more, record: registered })).toEqual({
    state: "update",
    record: registered,
    data: more.data,
  });
});

test("what has gone, or cannot be registered any more, keeps its record for a while", () => {
  for (const found of [undefined, unusable]) {
    expect(outcome({ found, record: registered })).toEqual({ state: "wait", ms: 10_000 });
    expect(outcome({ found, record: registered, steadyMs: 9_999 })).toEqual({ state: "wait", ms: 1 });
    expect(outcome({ found, record: registered, steadyMs: 10_000 })).toEqual({ state: "remove", record: registered });
  }
});

test("what is ending keeps its record as it is, however long it takes", () => {
  expect(outcome({ found: ending, record: registered, steadyMs: 3_600_000 })).toEqual({ state: "settled" });
});

test("a record that was marked goes, whatever has come since", () => {
  const record = deleting(registered);
  for (const found of [usable(), ending, unusable, undefined]) {
    expect(outcome({ found, record })).toEqual({ state: "purge", record });
  }
});

test.each([usable(), unusable])("a name that is taken is refused to %p, and what has it stays as it is", (found) => {
  expect(outcome({ found, record: ours })).toEqual({
    state: "refuse",
    why: 'The name "weather" is taken by an adapter that was registered over REST.',
  });
  expect(outcome({ found, record: tool })).toEqual({
    state: "refuse",
    why: 'The name "weather" is taken by a tool that was registered over REST.',
  });
  for (const record of [ours, tool]) expect(outcome({ found, record: deleting(record) })).toEqual({ state: "settled" });
});

test("what has its name for itself is left alone", () => {
  for (const record of [ours, tool, deleting(ours), deleting(tool)]) {
    for (const found of [ending, undefined]) {
      expect(outcome({ found, record, steadyMs: lingerMs })).toEqual({ state: "settled" });
    }
  }
});
