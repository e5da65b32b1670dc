import { expect, test } from "bun:test";
import { randomOf } from "../data-plane/upstream/random.ts";
import { type Act, type Acts, type Blow, byRounds, unleashChaos } from "./chaos.ts";

const acts = (act: (which: Act) => Promise<string>): Acts => ({
  kill: () => act("kill"),
  scale: () => act("scale"),
  describe: () => act("describe"),
  policy: () => act("policy"),
  passing: () => act("passing"),
});

/** The first so many blows of a seed. */
async function blowsOf(seed: number, count: number): Promise<string[]> {
  const enough = new AbortController();
  const blows: Blow[] = [];
  await unleashChaos({
    acts: acts(async (which) => which),
    random: randomOf(seed),
    everyMs: 0.01,
    signal: enough.signal,
    now: () => 0,
    struck(blow) {
      blows.push(blow);
      if (blows.length === count) enough.abort();
    },
    failed: (what) => blows.push({ atMs: 0, what }),
  });
  return blows.map(({ what }) => what);
}

test("a seed draws the same blows again, and another one others", async () => {
  expect(await blowsOf(1, 21)).toEqual(await blowsOf(1, 21));
  expect(await blowsOf(1, 21)).not.toEqual(await blowsOf(2, 21));
});

test("each round has every blow", async () => {
  const round = ["describe", "kill", "kill", "passing", "policy", "scale", "scale"];
  const blows = await blowsOf(5, 14);
  expect(blows.slice(0, 7).toSorted()).toEqual(round);
  expect(blows.slice(7).toSorted()).toEqual(round);
});

test("what is drawn in rounds comes again when all has come", () => {
  const next = byRounds(["a", "b", "c"], randomOf(3));
  const drawn = Array.from({ length: 6 }, next);
  expect(drawn.slice(0, 3).toSorted()).toEqual(["a", "b", "c"]);
  expect(drawn.slice(3).toSorted()).toEqual(["a", "b", "c"]);
});

test("a blow that the gateway refuses is told, and the next one comes", async () => {
  const enough = new AbortController();
  const said: string[] = [];
  await unleashChaos({
    acts: acts(async (which) => {
      if (which === "scale") throw new Error("PUT stateful: 503");
      return which;
    }),
    random: randomOf(1),
    everyMs: 0.01,
    only: ["scale", "kill"],
    signal: enough.signal,
    now: () => 0,
    struck({ what }) {
      said.push(what);
      enough.abort();
    },
    failed: (what) => said.push(what),
  });
  expect(said).toEqual(["scale: PUT stateful: 503", "kill"]);
});
