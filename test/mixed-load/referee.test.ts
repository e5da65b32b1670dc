import { expect, test } from "bun:test";
import type { Answer } from "./line.ts";
import type { Fate } from "./oracle.ts";
import { type Case, outcomeOf, referee } from "./referee.ts";

const whole = (status: number, body = "{}"): Answer & { state: "whole" } => ({
  ...{ state: "whole", status, head: `HTTP/1.1 ${status} Said`, body },
});
const nothingWrong = () => undefined;
const call: Case = {
  ...{ kind: "session call", what: "whoami", adapter: "stateful", beganMs: 100, endedMs: 110 },
  goes: { state: "pinned", pid: 7, sinceMs: 0 },
};

/** A referee whose replica is seen dead after so many looks; `nowMs` goes on by 100 at each. */
function stand(deadAfterLooks: number) {
  let looks = 0;
  const lost: string[] = [];
  const counted: [kind: string, state: string, latencyMs: number | undefined][] = [];
  const fate = (): Fate =>
    looks >= deadAfterLooks ? { state: "dead", fromMs: 105, untilMs: 120 } : { state: "living" };
  const judging = referee({
    ledger: { look: () => void looks++, fateOf: fate, fateIn: fate, nameOf: () => "stateful-1" },
    tally: { judged: (kind, { state }, latencyMs) => void counted.push([kind, state, latencyMs]) },
    now: () => looks * 100,
    lose: (what) => lost.push(what),
  });
  return { judging, lost, counted, looks: () => looks };
}

test("a right answer is counted at once", async () => {
  const { judging, lost, counted, looks } = stand(Number.POSITIVE_INFINITY);
  expect(await judging.judge(call, { state: "right" })).toEqual({ state: "right" });
  expect(counted).toEqual([["session call", "right", 10]]);
  expect(lost).toEqual([]);
  expect(looks()).toBe(0);
});

test("the news of a replica's end may come after what failed for it", async () => {
  const { judging, lost } = stand(3);
  expect(await judging.judge(call, outcomeOf(whole(404), nothingWrong), whole(404))).toEqual({ state: "told" });
  expect(lost).toEqual([]);
});

test("where no news come it is a loss, told with the answer", async () => {
  const { judging, lost, counted } = stand(Number.POSITIVE_INFINITY);
  const answer = whole(404, '{"error":\n"Session not found"}');
  expect((await judging.judge({ ...call, isSlow: true }, outcomeOf(answer, nothingWrong), answer)).state).toBe("lost");
  expect(lost).toEqual([
    'session call, whoami on stateful-1 (pid 7): it was answered 404, though its replica lives; began 0.100 s, ended 0.110 s\n      answer: HTTP/1.1 404 Said {"error": "Session not found"}',
  ]);
  expect(counted).toEqual([["session call", "lost", undefined]]);
});

test.each<[what: string, Answer, expectedStatus: number | undefined, wrong: string | undefined, outcome: object]>([
  ["what was asked for", whole(200), undefined, undefined, { state: "right" }],
  ["something else", whole(200), undefined, "its text is another", { state: "wrong", what: "its text is another" }],
  ["200 where 404 was due", whole(200), 404, undefined, { state: "refused", status: 200 }],
  ["404 where it was due", whole(404), 404, undefined, { state: "right" }],
  ["502", whole(502), undefined, undefined, { state: "refused", status: 502 }],
  ["half of it", { state: "cut" }, undefined, undefined, { state: "cut" }],
  ["nothing", { state: "silent" }, undefined, undefined, { state: "silent" }],
  ["what nobody waited for", { state: "left" }, undefined, undefined, { state: "right" }],
])("an answer can be %s", (_, answer, expectedStatus, wrong, outcome) => {
  expect<object>(outcomeOf(answer, () => wrong, expectedStatus)).toEqual(outcome);
});
