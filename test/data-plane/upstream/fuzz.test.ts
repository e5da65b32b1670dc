import { expect, test } from "bun:test";
import { ResponseParser } from "../../../gateway/data-plane/upstream/response-parser.ts";
import { madeUpAnswer, spoilt } from "./made-up-answers.ts";
import { cutAnywhere, randomOf } from "./random.ts";
import { type Reading, strictReading } from "./strict-reading.ts";

/** To look at one again: `FUZZ_SEED=… bun test test/data-plane/upstream/fuzz.test.ts` */
const firstSeed = Number(process.env["FUZZ_SEED"] ?? 0) || Math.floor(Math.random() * 2 ** 31);
const answers = process.env["FUZZ_SEED"] ? 1 : 4000;

type Outcome = Reading & { readonly surplus: boolean };

/** What a parser makes of these pieces; with what it has given out before it found that something is wrong. */
function outcomeOf(pieces: readonly Buffer[], method: string): Outcome {
  const parser = new ResponseParser(method);
  let body = "";
  let state = "open" as ReturnType<ResponseParser["feed"]>["state"];
  for (const piece of pieces) {
    const parsed = parser.feed(piece);
    state = parsed.state;
    if (parsed.state === "malformed") break;
    for (const part of parsed.body) body += Buffer.from(part).toString("latin1");
  }
  const { head, surplus, reusable } = parser;
  const open = parser.ends() === "complete" ? "until-close" : "unfinished";
  return { state: state === "open" ? open : state, status: head?.status, body, surplus, reusable };
}

/** Runs it for many seeds, and says which one it was that failed. */
function forManySeeds(look: (random: ReturnType<typeof randomOf>) => void): void {
  for (let seed = firstSeed; seed < firstSeed + answers; seed++) {
    try {
      look(randomOf(seed));
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

/** As `toEqual`, which would take most of the time here. */
function same<Value>(actual: Value, expected: Value): void {
  if (!Bun.deepEquals(actual, expected)) expect(actual).toEqual(expected);
}

test("whatever way an answer is framed, and wherever it is cut, it says what its server meant", () => {
  forManySeeds((random) => {
    const { bytes, method, status, body, reusable, lastsUntilClose } = madeUpAnswer(random);
    const state = bytes.length > 0 && lastsUntilClose ? "until-close" : "complete";
    for (const pieces of [[bytes], cutAnywhere(bytes, random), cutAnywhere(bytes, random)]) {
      const outcome = outcomeOf(pieces, method);
      same(outcome, { state, status, body, reusable, surplus: false });
    }
  });
});

test("of spoilt answers the parser understands what a strict reader of the RFC does, and calls all others malformed", () => {
  const seen = { complete: 0, unfinished: 0, "until-close": 0, malformed: 0 };
  forManySeeds((random) => {
    const { bytes, method } = madeUpAnswer(random);
    const wily = spoilt(bytes, random);
    const reading = strictReading(wily, method);
    seen[reading.state]++;
    for (const pieces of [[wily], cutAnywhere(wily, random), cutAnywhere(wily, random)]) {
      const outcome = outcomeOf(pieces, method);
      // A head that is not whole may show already that it is none: it is no answer either way.
      const isNoHead = reading.state === "unfinished" && reading.status === undefined;
      if (!isNoHead || outcome.state !== "malformed") same(outcome.state, reading.state);
      if (outcome.state === "malformed") same(outcome.body, reading.body.slice(0, outcome.body.length));
      else same([outcome.status, outcome.body], [reading.status, reading.body]);
      // Of a `Connection` that is hard to read the parser may think worse.
      if (outcome.reusable) same(reading.reusable, true);
    }
  });
  // Or else nothing was tried here.
  if (answers > 1) for (const count of Object.values(seen)) expect(count).toBeGreaterThan(answers / 50);
});

test("a connection is of no more use when anything follows an answer, in the same piece or a later one", () => {
  forManySeeds((random) => {
    const first = madeUpAnswer(random);
    if (first.lastsUntilClose) return;
    const second = random.chance(0.7)
      ? madeUpAnswer(random).bytes
      : Buffer.from(random.oneOf(["\r\n", "\0", "x", "0\r\n\r\n"]));
    const both = Buffer.concat([first.bytes, second]);
    for (const pieces of [[both], [first.bytes, second], cutAnywhere(both, random)]) {
      const { state, body, surplus, reusable } = outcomeOf(pieces, first.method);
      same({ state, body, surplus, reusable }, { state: "complete", body: first.body, surplus: true, reusable: false });
    }
  });
});
