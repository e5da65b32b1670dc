import { expect, test } from "bun:test";
import type { Authority, Certificate, Leaf } from "../../../injector/certificates/certificate.ts";
import type { Held, Previous } from "../../../injector/certificates/held.ts";
import { certificateLimits } from "../../../injector/certificates/limits.ts";
import { leafToServe, nextStep, type View } from "../../../injector/certificates/plan.ts";

const dayMs = 24 * 60 * 60 * 1000;
const hourMs = dayMs / 24;
const nowMs = 1000 * dayMs;

/** Begun so many days ago, over in so many days; issued an hour after it began. */
function certificate(fingerprint: string, ageDays: number, leftDays: number): Certificate {
  const fromMs = nowMs - ageDays * dayMs - hourMs;
  return { pem: `${fingerprint}\n`, fingerprint, fromMs, untilMs: nowMs + leftDays * dayMs };
}
const authority = (name: string, age: number, left: number): Authority => ({
  ...certificate(name, age, left),
  key: "key",
});
const leafBy = (issuer: Certificate, age: number, left: number): Leaf => ({
  ...certificate("leaf", age, left),
  key: "key",
  issuer,
});
const previous = (name: string, trustedDays: number): Previous => ({
  certificate: certificate(name, 2500, 1000),
  trustedUntilMs: nowMs + trustedDays * dayMs,
});

const young = authority("young", 100, 3550);
const old = authority("old", 2500, 1150);
const next = authority("next", 0, 3650);
const leaf = leafBy(young, 10, 80);
const calm: Held = { authority: young, next: undefined, leaf, previous: [], unusable: [] };
const rotating: Held = { ...calm, authority: old, leaf: leafBy(old, 10, 80) };

function viewOf(held: Held, trusted: readonly Certificate[] | undefined, more: Partial<View> = {}): View {
  return { held, trusted: trusted && [trusted], settled: new Set(), serving: held.leaf, ...more };
}

/** what there is, what is done then, what is seen, and more of what is done */
const rows: readonly [what: string, step: string, view: View, detail?: object][] = [
  ["all is well", "rest", viewOf(calm, [young])],
  ["all is well, but nobody can see who is trusted", "rest", viewOf(calm, undefined)],
  [
    "there is nothing",
    "begin",
    viewOf({ ...calm, authority: undefined, leaf: undefined }, []),
    { why: "there is none", previous: [] },
  ],
  [
    "there is garbage",
    "begin",
    viewOf({ ...calm, authority: undefined, leaf: undefined, unusable: ["ca.crt", "ca.key"] }, []),
    { why: "not usable in the Secret: ca.crt, ca.key" },
  ],
  [
    "the authority is over",
    "begin",
    viewOf({ ...calm, authority: authority("over", 3651, -1) }, []),
    { why: "the authority is out of its time" },
  ],
  ["the authority is not yet valid", "begin", viewOf({ ...calm, authority: authority("early", -2, 3652) }, [])],
  [
    "the authority is over, and the next one is there",
    "promote",
    viewOf({ ...rotating, authority: authority("over", 3651, -1), next }, []),
  ],
  ["there is no leaf", "renew", viewOf({ ...calm, leaf: undefined }, [young]), { why: "there is none" }],
  [
    "the leaf is over",
    "renew",
    viewOf({ ...calm, leaf: leafBy(young, 91, -1) }, [young]),
    { why: "it is out of its time" },
  ],
  [
    "a third of the leaf is left",
    "renew",
    viewOf({ ...calm, leaf: leafBy(young, 60, 30) }, [young]),
    { why: "two thirds of its time are over" },
  ],
  [
    "a little more than a third of the leaf is left",
    "rest",
    viewOf({ ...calm, leaf: leafBy(young, 59.9, 30.1) }, [young]),
  ],
  ["nobody trusts the authority", "publish", viewOf(calm, []), { bundle: [young] }],
  ["somebody else is trusted too", "publish", viewOf(calm, [young, old]), { bundle: [young] }],
  ["of two webhooks one does not trust the authority", "publish", { ...viewOf(calm, []), trusted: [[young], []] }],
  ["a third of the authority is left", "prepare", viewOf(rotating, [old])],
  ["the next authority is not trusted", "publish", viewOf({ ...rotating, next }, [old]), { bundle: [old, next] }],
  [
    "it is trusted since a moment ago",
    "rest",
    viewOf({ ...rotating, next }, [old, next], { settled: new Set(["old"]) }),
  ],
  [
    "it is trusted everywhere",
    "promote",
    viewOf({ ...rotating, next }, [old, next], { settled: new Set(["old", "next"]) }),
    { previous: [{ certificate: old, trustedUntilMs: nowMs + 90 * dayMs }] },
  ],
  ["it is over before it was used", "prepare", viewOf({ ...rotating, next: authority("next", 3651, -1) }, [old])],
  [
    "a next authority nobody needs is over",
    "mend",
    viewOf({ ...calm, next: authority("next", 3651, -1) }, [young]),
    { next: undefined },
  ],
  [
    "there is garbage beside what is well",
    "mend",
    viewOf({ ...calm, unusable: ["next-ca.crt"] }, [young, old]),
    {
      why: "not usable in the Secret: next-ca.crt",
      previous: [{ certificate: old, trustedUntilMs: nowMs + 90 * dayMs }],
    },
  ],
  [
    "one that was replaced may have leaves",
    "rest",
    viewOf({ ...calm, previous: [previous("gone", 1)] }, [young, previous("gone", 1).certificate]),
  ],
  [
    "one that was replaced has none",
    "forget",
    viewOf({ ...calm, previous: [previous("gone", -1)] }, [young, previous("gone", -1).certificate]),
    { previous: [] },
  ],
];

test.each(rows)("%s: %s", (...[, step, view, detail]: (typeof rows)[number]) => {
  expect(nextStep(view, certificateLimits, nowMs)).toMatchObject({ step, ...detail });
});

test("every step has a case here", () => {
  const steps = ["rest", "begin", "renew", "prepare", "promote", "mend", "forget", "publish"];
  expect(new Set(rows.map(([, step]) => step))).toEqual(new Set(steps));
});

test("a new beginning keeps trust in whoever is trusted, shown first, and in no more than four", () => {
  const trusted = Array.from({ length: 6 }, (_, index) => authority(`ca-${index}`, 100 + index, 100));
  const serving = leafBy(authority("ca-5", 105, 100), 10, 80);
  const step = nextStep(viewOf({ ...calm, authority: undefined }, trusted, { serving }), certificateLimits, nowMs);
  const kept = "previous" in step ? step.previous.map((each) => each.certificate.fingerprint) : [];
  expect(kept).toEqual(["ca-5", "ca-0", "ca-1", "ca-2"]);
});

const by = (issuer: Certificate, left = 80): Leaf => ({
  ...leafBy(issuer, 10, left),
  fingerprint: `by ${issuer.fingerprint}`,
});
const newLeaf: Held = { ...calm, leaf: { ...by(young), fingerprint: "new" } };

/** what is shown now, who is trusted, who is for long, and what is shown then */
const served: readonly [
  what: string,
  serving: Leaf | undefined,
  trusted: Certificate[] | undefined,
  settled: string[],
  shown: string,
][] = [
  ["nothing was shown before", undefined, [], [], "new"],
  ["it is of the same authority", by(young), [], [], "new"],
  ["its authority is not trusted everywhere", by(old), [old, young], ["old"], "by old"],
  ["its authority is trusted everywhere", by(old), [old, young], ["old", "young"], "new"],
  ["nobody can see who is trusted", by(old), undefined, [], "by old"],
  ["the old one is over", by(old, -1), [old, young], [], "new"],
  ["the old one is not trusted any more", by(old), [young], [], "new"],
];

test.each(served)("of a new leaf and an old one: %s", (_what, serving, trusted, settled, shown) => {
  const view = viewOf(newLeaf, trusted, { settled: new Set(settled), serving });
  expect(leafToServe(view, nowMs)?.fingerprint).toBe(shown);
});

test("a leaf that is over, or not there, takes no other's place", () => {
  expect(leafToServe(viewOf({ ...calm, leaf: undefined }, [], { serving: by(old) }), nowMs)?.fingerprint).toBe(
    "by old",
  );
  expect(leafToServe(viewOf({ ...calm, leaf: by(young, -1) }, [], { serving: by(old) }), nowMs)?.fingerprint).toBe(
    "by old",
  );
});
