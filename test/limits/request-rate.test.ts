import { expect, test } from "bun:test";
import { type Elsewhere, requestRate } from "../../gateway/data-plane/limits/request-rate.ts";

const start = Date.UTC(2026, 10, 23, 9, 0, 0);

function stand(perMinute: number, more: { elsewhere?: Elsewhere; keysAtMost?: number } = {}) {
  const clock = { ms: start };
  const rate = requestRate({ perMinute, now: () => clock.ms, ...more });
  const take = (key = "ada", cost = 1) => rate.take(key, cost);
  const takeAll = (count: number, key = "ada") =>
    Array.from({ length: count }, () => take(key)).filter(({ state }) => state === "allowed").length;
  return { clock, rate, take, takeAll };
}

test("so many a minute are allowed, each says what is left, and the next says how long to wait", () => {
  const { clock, take } = stand(3);
  clock.ms += 4_000;
  expect(take()).toEqual({ state: "allowed", limit: 3, remaining: 2, resetSeconds: 61 });
  clock.ms += 8_000;
  expect(take()).toEqual({ state: "allowed", limit: 3, remaining: 1, resetSeconds: 53 });
  expect(take()).toEqual({ state: "allowed", limit: 3, remaining: 0, resetSeconds: 53 });
  expect(take()).toEqual({ state: "limited", what: "requests", limit: 3, retryAfterSeconds: 53 });
  expect(take("ada", 2)).toMatchObject({ state: "limited", retryAfterSeconds: 63 });
  clock.ms += 52_999;
  expect(take()).toMatchObject({ state: "limited", retryAfterSeconds: 1 });
  clock.ms += 1;
  expect(take()).toEqual({ state: "allowed", limit: 3, remaining: 0, resetSeconds: 10 });
  expect(take().state).toBe("limited");
});

test("keys are counted apart", () => {
  const { takeAll } = stand(5);
  expect([takeAll(9, "ada"), takeAll(9, "bob")]).toEqual([5, 5]);
});

test("no minute has more than the limit, wherever it begins, and whoever waits as told gets through", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  let refusals = 0;
  for (const perMinute of [1, 2, 7, 60, 1000]) {
    const { clock, take } = stand(perMinute);
    const taken: { ms: number; cost: number }[] = [];
    for (let step = 0; step < 3000; step++) {
      clock.ms += random(Math.ceil(90_000 / perMinute));
      const cost = 1 + random(Math.min(3, perMinute));
      let answer = take("ada", cost);
      if (answer.state === "limited") {
        refusals++;
        expect(answer.retryAfterSeconds).toBeWithin(1, 66);
        clock.ms += answer.retryAfterSeconds * 1000;
        answer = take("ada", cost);
      }
      if (answer.state === "limited") throw new Error(`refused after the wait, at step ${step} of ${perMinute}`);
      expect(answer.resetSeconds).toBeWithin(1, 66);
      taken.push({ ms: clock.ms, cost });
      while ((taken[0]?.ms ?? 0) <= clock.ms - 60_000) taken.shift();
      expect(taken.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(perMinute);
    }
  }
  expect(refusals).toBeGreaterThan(1000);
});

test("what is refused is not counted, so a client that keeps trying gets through", () => {
  const { clock, take, takeAll } = stand(60);
  takeAll(60);
  expect(take()).toMatchObject({ state: "limited", retryAfterSeconds: 65 });
  for (let second = 0; second < 65; second++) {
    expect(takeAll(3)).toBe(0);
    clock.ms += 1000;
  }
  expect(takeAll(100)).toBe(60);
});

test("a batch counts as many as it has, and one larger than the limit waits for an empty minute", () => {
  const { clock, take } = stand(10);
  expect(take("ada", 4)).toMatchObject({ remaining: 6 });
  expect(take("ada", 7).state).toBe("limited");
  expect(take("ada", 6)).toMatchObject({ remaining: 0 });
  expect(take("ada", 500)).toMatchObject({ state: "limited", retryAfterSeconds: 65 });
  clock.ms += 65_000;
  expect(take("ada", 500)).toMatchObject({ state: "allowed", remaining: 0 });
});

test("of too many keys the one that was silent longest is forgotten", () => {
  const { clock, take, takeAll } = stand(3, { keysAtMost: 2 });
  take("ada");
  take("bob");
  clock.ms += 20_000;
  take("bob");
  take("ada");
  take("cleo");
  expect(takeAll(3, "ada")).toBe(1);
  expect(takeAll(3, "bob")).toBe(3);
});

test("a clock that is set back begins anew, and one that jumps ahead has nothing left to count", () => {
  const { clock, takeAll } = stand(5);
  takeAll(5);
  clock.ms -= 3_600_000;
  expect(takeAll(9)).toBe(5);
  clock.ms += 7_200_000;
  expect(takeAll(9)).toBe(5);
});

test("what other gateways counted counts here too, and without them one counts alone", () => {
  const others = new Map<number, number>();
  const { clock, take, takeAll, rate } = stand(60, { elsewhere: (_key, slot) => others.get(slot) ?? 0 });
  const slot = start / 5_000;
  others.set(slot, 50);
  expect(takeAll(60)).toBe(10);
  clock.ms += 30_000;
  expect(take()).toMatchObject({ state: "limited", retryAfterSeconds: 35 });
  clock.ms += 35_000;
  expect(take()).toMatchObject({ state: "allowed", remaining: 59 });
  others.set(slot + 13, 20);
  expect(take()).toMatchObject({ state: "allowed", remaining: 38 });
  others.clear();
  expect(take()).toMatchObject({ state: "allowed", remaining: 57 });
  expect([...rate.counted(slot + 13)]).toEqual([["ada", 3]]);
  expect([...rate.counted(slot)]).toEqual([]);
  expect([...rate.counted(slot + 14)]).toEqual([]);
});
