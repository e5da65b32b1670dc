import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { seal, sessionMaxAgeMs } from "../../gateway/data-plane/seal.ts";

const scope = { adapterUid: "5b0f6c9e-0000-4000-8000-000000000001", principalKey: "dev:alice" };
const pin = { replica: "5b0f6c9e-0000-4000-8000-000000000002", session: "abc.def/+=~!", issuedAtMs: 1_000_000 };
const current = "current key, thirty-two characters or more";
const previous = "previous key, thirty-two characters or more";
const sealWith = (...secrets: string[]) => seal({ secrets, now: () => 1_000_000, randomBytes });

test("what was sealed opens, whatever visible ASCII the upstream id holds", () => {
  expect(sealWith(current).open(sealWith(current).close(pin, scope), scope)).toEqual(pin);
});

test("a sealed id is visible ASCII and hides the upstream's", () => {
  const id = sealWith(current).close(pin, scope);
  expect(id).toMatch(/^g1\.[\w-]+$/);
  expect(Buffer.from(id.slice(3), "base64url").toString("latin1")).not.toContain("abc.def");
});

test("another principal, another adapter and a recreated adapter do not open it, also when it was opened before", () => {
  const gateway = sealWith(current);
  const id = gateway.close(pin, scope);
  expect(gateway.open(id, scope)).toEqual(pin);
  expect(gateway.open(id, { ...scope, principalKey: "dev:mallory" })).toBe("foreign");
  expect(gateway.open(id, { ...scope, adapterUid: "5b0f6c9e-0000-4000-8000-000000000009" })).toBe("foreign");
  expect(gateway.open(id, scope)).toEqual(pin);
});

test("every flipped bit spoils it", () => {
  const gateway = sealWith(current);
  const bytes = Buffer.from(gateway.close(pin, scope).slice(3), "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const failure = gateway.open(`g1.${flipped.toString("base64url")}`, scope);
    expect(failure).toBe(bit < 32 ? "unknown-key" : "foreign");
  }
});

test("other spellings of the same bytes, and ids that were never sealed, do not open", () => {
  const gateway = sealWith(current);
  const id = gateway.close(pin, scope);
  for (const wrong of [
    `${id}=`,
    `${id}\n`,
    ` ${id}`,
    `${id}!`,
    "",
    "g1.",
    "g1.AAAA",
    "abc",
    `g1.${"A".repeat(5000)}`,
  ]) {
    expect(gateway.open(wrong, scope)).toBe("malformed");
  }
  // What is left may be the one spelling of fewer bytes.
  expect(gateway.open(id.slice(0, -1), scope)).toBeOneOf(["malformed", "foreign"]);
});

test("the previous key still opens, a forgotten one does not", () => {
  const id = sealWith(previous).close(pin, scope);
  expect(sealWith(current, previous).open(id, scope)).toEqual(pin);
  expect(sealWith(current).open(id, scope)).toBe("unknown-key");
});

test("a session is refused after a week, remembered or not", () => {
  let now = pin.issuedAtMs;
  const gateway = seal({ secrets: [current], now: () => now, randomBytes });
  const id = gateway.close(pin, scope);
  now += sessionMaxAgeMs;
  expect(gateway.open(id, scope)).toEqual(pin);
  now += 1;
  expect(gateway.open(id, scope)).toBe("expired");
});
