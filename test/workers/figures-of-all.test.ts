import { expect, test } from "bun:test";
import type { Family } from "../../gateway/observe/metrics/families.ts";
import { figuresOfAll } from "../../gateway/workers/figures-of-all.ts";

/** A process that has answered so many calls, and has so many in hand. */
function processOf(figures: { calls: number; inHand: number }) {
  let asked = 0;
  return {
    asked: () => asked,
    figures: async () => {
      asked++;
      return familiesOf(figures);
    },
  };
}

function familiesOf({ calls, inHand }: { calls: number; inHand: number }): Family[] {
  const said = { help: "", aggregator: "sum" as const };
  return [
    { ...said, name: "calls_total", type: "counter", values: [{ labels: {}, value: calls }] },
    { ...said, name: "in_hand", type: "gauge", values: [{ labels: {}, value: inHand }] },
  ];
}

const none = { figures: async () => [] };
const shown = (families: readonly Family[]) =>
  Object.fromEntries(families.map(({ name, values }) => [name, [...values][0]?.value]));

test("when a process ends its counters stay, and its gauges go", async () => {
  const all = figuresOfAll(none);
  const first = processOf({ calls: 5, inHand: 2 });
  all.add(first);
  all.add(processOf({ calls: 7, inHand: 3 }));
  expect(shown(await all.now())).toEqual({ calls_total: 12, in_hand: 5 });
  await all.remove(first);
  expect(shown(await all.now())).toEqual({ calls_total: 12, in_hand: 3 });
  all.add(processOf({ calls: 1, inHand: 0 }));
  expect(shown(await all.now())).toEqual({ calls_total: 13, in_hand: 3 });
});

test("what ends while figures are collected is counted once", async () => {
  const all = figuresOfAll(none);
  const answer = Promise.withResolvers<Family[]>();
  const slow = { figures: () => answer.promise };
  const ending = processOf({ calls: 5, inHand: 2 });
  all.add(slow);
  all.add(ending);
  const collected = all.now();
  await all.remove(ending);
  answer.resolve(familiesOf({ calls: 1, inHand: 1 }));
  expect(shown(await collected)).toEqual({ calls_total: 6, in_hand: 1 });
});

test("many who ask at once cost each process one answer", async () => {
  const one = processOf({ calls: 5, inHand: 2 });
  const all = figuresOfAll(none);
  all.add(one);
  await Promise.all(Array.from({ length: 10 }, () => all.now()));
  expect(one.asked()).toBe(1);
  await all.now();
  expect(one.asked()).toBe(2);
});
