import { expect, test } from "bun:test";
import { type PublishedKey, type SigningKey, signingKeyFrom } from "../../gateway/assertion/keys.ts";
import { rotationOf } from "../../gateway/assertion/rotation.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => signingKeyFrom(name.repeat(32))) as [
  SigningKey,
  SigningKey,
  SigningKey,
];
const names = new Map([
  [a.kid, "a"],
  [b.kid, "b"],
  [c.kid, "c"],
]);
const published = (key: SigningKey, sinceMs: number): PublishedKey => ({ kid: key.kid, x: key.x, sinceMs });

const settleMs = 100_000;
/** An assertion and what clocks may differ by. */
const lastUseMs = 70_000;
const nowMs = 10_000_000;
const long = nowMs - 1_000_000;

type Row = [string, SigningKey[], number, PublishedKey[], { wanted: string[]; signing: string; forgotten?: string[] }];
const rows: Row[] = [
  ["nothing is published yet", [a], 1, [], { wanted: ["a@now"], signing: "a" }],
  ["all is well", [a], 1, [published(a, long)], { wanted: ["a"], signing: "a" }],
  ["a key comes behind", [a, b], 2, [published(a, long)], { wanted: ["a", "b@now"], signing: "a" }],
  ["a key comes first", [b, a], 2, [published(a, long)], { wanted: ["b@now", "a"], signing: "a" }],
  [
    "the new key is not known everywhere",
    [b, a],
    2,
    [published(a, long), published(b, nowMs - settleMs + 1)],
    { wanted: ["b", "a"], signing: "a" },
  ],
  [
    "the new key is known everywhere",
    [b, a],
    2,
    [published(a, long), published(b, nowMs - settleMs)],
    { wanted: ["b", "a"], signing: "b" },
  ],
  [
    "the old key is gone from the settings, and remembered",
    [b, a],
    1,
    [published(a, long), published(b, nowMs - 1)],
    { wanted: ["b", "a"], signing: "a" },
  ],
  [
    "an assertion of the old key may be under way",
    [b, a],
    1,
    [published(a, long), published(b, nowMs - settleMs - lastUseMs + 1)],
    { wanted: ["b", "a"], signing: "b" },
  ],
  [
    "the old key is of no more use",
    [b, a],
    1,
    [published(a, long), published(b, nowMs - settleMs - lastUseMs)],
    { wanted: ["b"], signing: "b", forgotten: ["a"] },
  ],
  [
    "a gateway that was started with the new key only keeps what others may still sign with",
    [b],
    1,
    [published(a, long), published(b, nowMs - 1)],
    { wanted: ["b", "a"], signing: "b" },
  ],
  [
    "three keys in a hurry: the one that is known for longest signs",
    [c, b, a],
    1,
    [published(a, nowMs - 3000), published(b, nowMs - 2000), published(c, nowMs - 1000)],
    { wanted: ["c", "a", "b"], signing: "a" },
  ],
];

for (const [name, known, settings, keys, expected] of rows) {
  test(name, () => {
    const [first, ...rest] = known;
    if (!first) throw new Error("a row has no key");
    const rotation = rotationOf([first, ...rest], settings, keys, { settleMs }, nowMs);
    const sinceNow = ({ kid, sinceMs }: PublishedKey) => (sinceMs === nowMs ? `${names.get(kid)}@now` : names.get(kid));
    expect({
      wanted: rotation.wanted.map(sinceNow),
      signing: names.get(rotation.signing.kid),
      forgotten: rotation.forgotten.map(({ kid }) => names.get(kid)),
    }).toEqual({ forgotten: [], ...expected });
  });
}
