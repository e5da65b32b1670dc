import { expect, test } from "bun:test";
import { type Fate, type Outcome, type Verdict, verdictOn } from "./oracle.ts";

const living: Fate = { state: "living" };
const died = (fromMs: number, untilMs: number): Fate => ({ state: "dead", fromMs, untilMs });
const due = "where its replica was gone and 404 was due";
const right: Outcome = { state: "right" };
const refused = (status: number): Outcome => ({ state: "refused", status });
const cut: Outcome = { state: "cut" };
const silent: Outcome = { state: "silent" };
const wrong: Outcome = { state: "wrong", what: "another replica answered" };

const lost = (why: string): Verdict => ({ state: "lost", why });
const told: Verdict = { state: "told" };
const inFlight: Verdict = { state: "in-flight" };

/** A call in a session from 100 to 110, what came of it, what became of its replica; and what that is. */
const calls: [what: string, Outcome, Fate, Verdict][] = [
  ["a right answer", right, living, { state: "right" }],
  ["a right answer of a replica that died", right, died(105, 120), { state: "right" }],
  ["404 of the living", refused(404), living, lost("it was answered 404, though its replica lives")],
  ["500 of the living", refused(500), living, lost("it was answered 500, though its replica lives")],
  ["a cut by the living", cut, living, lost("it was cut off, though its replica lives")],
  ["silence of the living", silent, living, lost("there was no answer in time, though its replica lives")],
  ["a wrong answer of the living", wrong, living, lost("another replica answered")],
  ["a wrong answer for the dead", wrong, died(90, 95), lost("another replica answered")],
  ["404 after the death", refused(404), died(90, 95), told],
  ["404 with the death", refused(404), died(105, 120), told],
  ["404 before the death", refused(404), died(111, 120), lost("it was answered 404, before its replica was gone")],
  ["502 with the death", refused(502), died(105, 120), inFlight],
  ["a cut just after the death", cut, died(90, 100), inFlight],
  ["502 before the death", refused(502), died(111, 120), lost("it was answered 502, before its replica was gone")],
  ["502 after the death", refused(502), died(90, 99), lost(`it was answered 502, ${due}`)],
  ["silence after the death", silent, died(90, 99), lost(`there was no answer in time, ${due}`)],
];

test.each(calls)("in a session, %s", (_, outcome, fate, verdict) => {
  expect(verdictOn({ beganMs: 100, endedMs: 110, outcome, isPinned: true }, fate)).toEqual(verdict);
});

test("without a session nothing may be answered 404, whoever has gone", () => {
  const call = { beganMs: 100, endedMs: 110, isPinned: false };
  expect(verdictOn({ ...call, outcome: refused(404) }, living).state).toBe("lost");
  expect(verdictOn({ ...call, outcome: refused(404) }, died(90, 99)).state).toBe("lost");
  expect(verdictOn({ ...call, outcome: refused(502) }, died(105, 120)).state).toBe("in-flight");
});
