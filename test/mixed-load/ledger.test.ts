import { expect, test } from "bun:test";
import { replicaLedger } from "./ledger.ts";

const one = { adapter: "a", name: "a-0", pid: 1 };
const other = { adapter: "a", name: "a-1", pid: 2 };
const foreign = { adapter: "b", name: "b-0", pid: 3 };

function stand() {
  const alive = new Set([1, 2, 3]);
  const unasked: string[] = [];
  let nowMs = 1000;
  const ledger = replicaLedger({
    lives: (pid) => alive.has(pid),
    now: () => nowMs,
    onUnasked: ({ name }) => unasked.push(name),
  });
  ledger.meet([one, other, foreign]);
  const lookAt = (atMs: number) => {
    nowMs = atMs;
    ledger.look();
  };
  return { alive, unasked, ledger, lookAt };
}

test("a killed replica is gone from the blow on, one that was dismissed from shortly before its process ended", () => {
  const { alive, unasked, ledger, lookAt } = stand();
  lookAt(2000);
  ledger.doom(1, "killed");
  ledger.doom(2, "dismissed");
  expect(ledger.staying("a")).toEqual([]);
  lookAt(2010);
  expect(ledger.fateOf(1)).toEqual({ state: "living" });
  alive.delete(1);
  lookAt(2020);
  lookAt(7000);
  alive.delete(2);
  lookAt(7020);
  expect(ledger.fateOf(1)).toEqual({ state: "dead", fromMs: 2000, untilMs: 2020 });
  expect(ledger.fateOf(2)).toEqual({ state: "dead", fromMs: 6500, untilMs: 7020 });
  expect(unasked).toEqual([]);
});

test("a replica that ends by itself is told once", () => {
  const { alive, unasked, ledger, lookAt } = stand();
  alive.delete(2);
  lookAt(2000);
  lookAt(2020);
  expect(unasked).toEqual(["a-1"]);
  expect(ledger.staying("a").map(({ name }) => name)).toEqual(["a-0"]);
});

test("where any replica may have answered, the one counts that went meanwhile", () => {
  const { alive, ledger, lookAt } = stand();
  lookAt(2000);
  ledger.doom(1, "killed");
  alive.delete(1);
  lookAt(2020);
  const dead = { state: "dead", fromMs: 2000, untilMs: 2020 } as const;
  expect(ledger.fateIn("a", 1900, 2000)).toEqual(dead);
  expect(ledger.fateIn("a", 2020, 2100)).toEqual(dead);
  expect(ledger.fateIn("a", 1900, 1999)).toEqual({ state: "living" });
  expect(ledger.fateIn("a", 2021, 2100)).toEqual({ state: "living" });
  expect(ledger.fateIn("b", 1900, 2100)).toEqual({ state: "living" });
});

test("of a process that was never met it is known whether it lives", () => {
  const { alive, ledger } = stand();
  alive.add(9);
  expect(ledger.fateOf(9)).toEqual({ state: "living" });
  expect(ledger.fateOf(8)).toEqual({ state: "dead", fromMs: 0, untilMs: 1000 });
});
