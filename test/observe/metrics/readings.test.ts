import { expect, test } from "bun:test";
import Registry from "prom-client/lib/registry.js";
import type { Definition } from "../../../gateway/observe/metrics/cells.ts";
import { exposition } from "../../../gateway/observe/metrics/registry.ts";
import { readings } from "../../../gateway/observe/metrics/readings.ts";
import { samplesIn } from "../figures.ts";

const definitions = {
  waiting: { kind: "gauge", name: "waiting", help: "Who waits.", labels: [] },
  ready: { kind: "gauge", name: "ready", help: "Who is ready.", labels: ["kind", "name"], maxSeries: 3 },
  ended: { kind: "counter", name: "ended_total", help: "No gauge.", labels: [] },
} as const satisfies Record<string, Definition>;

function stand() {
  const registry = new Registry();
  const failures: unknown[] = [];
  const watched = readings(registry, definitions, (name, error) => failures.push(`${name}: ${error}`));
  const text = async () => (await exposition(registry, null)).text();
  return { watched, failures, text, figures: async () => samplesIn(await text()) };
}

test("a state is read when somebody asks, and not before", async () => {
  const { watched, figures } = stand();
  let reads = 0;
  watched("waiting", () => ++reads);
  expect(reads).toBe(0);
  expect(await figures()).toEqual({ waiting: 1 });
  expect(await figures()).toEqual({ waiting: 2 });
});

test("who asks at the same time gets the same, for the price of one", async () => {
  const { watched, figures } = stand();
  let reads = 0;
  watched("waiting", () => ++reads);
  expect(await Promise.all([figures(), figures(), figures()])).toEqual([
    { waiting: 1 },
    { waiting: 1 },
    { waiting: 1 },
  ]);
  expect(await figures()).toEqual({ waiting: 2 });
});

test("what has nothing to say is not shown, and what nobody watches for does not even have a name", async () => {
  const { watched, text } = stand();
  watched("waiting", () => undefined);
  expect(await text()).toBe("# HELP waiting Who waits.\n# TYPE waiting gauge\n\n");
});

test("who watches for the same is added up, and gone when disposed", async () => {
  const { watched, figures } = stand();
  const first = watched("ready", () => [["adapter", "weather", 2]]);
  watched("ready", () => [
    ["adapter", "weather", 1],
    ["tool", "dice", 0],
  ]);
  expect(await figures()).toEqual({
    'ready{kind="adapter",name="weather"}': 3,
    'ready{kind="tool",name="dice"}': 0,
  });
  first[Symbol.dispose]();
  expect(await figures()).toEqual({
    'ready{kind="adapter",name="weather"}': 1,
    'ready{kind="tool",name="dice"}': 0,
  });
});

test("there are so many series and no more; the rest is one sum, and room comes back with what goes", async () => {
  const { watched, figures } = stand();
  let names = Array.from({ length: 10_000 }, (_, n) => `n${n}`);
  watched("ready", () => names.map((name) => ["adapter", name, 1] as const));
  expect(await figures()).toEqual({
    'ready{kind="adapter",name="n0"}': 1,
    'ready{kind="adapter",name="n1"}': 1,
    'ready{kind="adapter",name="n2"}': 1,
    'ready{kind="other",name="other"}': 9997,
  });
  names = ["n5000"];
  expect(await figures()).toEqual({ 'ready{kind="adapter",name="n5000"}': 1 });
});

test("one that fails is told, and takes nothing away from the others", async () => {
  const { watched, failures, figures } = stand();
  watched("waiting", () => {
    throw new Error("closed");
  });
  watched("waiting", () => 4);
  expect(await figures()).toEqual({ waiting: 4 });
  expect(failures).toEqual(["waiting: Error: closed"]);
});

test("names, label values and numbers are checked by the compiler", () => {
  const { watched } = stand();
  // @ts-expect-error it is no gauge
  watched("ended", () => 1);
  // @ts-expect-error it has labels
  watched("ready", () => 1);
  // @ts-expect-error it has two labels
  watched("ready", () => [["adapter", 1]]);
  // @ts-expect-error it has none
  watched("waiting", () => [["adapter", 1]]);
  expect(watched("ready", () => [["adapter", "weather", 1]])).toBeDefined();
});
