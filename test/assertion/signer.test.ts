import { expect, test } from "bun:test";
import { createPublicKey } from "node:crypto";
import { jwtVerify } from "jose";
import { signingKeyFrom } from "../../gateway/assertion/keys.ts";
import { type About, assertionSigner } from "../../gateway/assertion/signer.ts";

const key = signingKeyFrom("a gateway key of thirty-two characters");
const principal = { key: "dev:ada", id: "ada", name: "Ada", roles: ["mcp.dev", "a,b"] };
const about: About = { principal, audience: "adapter/weather", session: undefined, pod: undefined };
const startMs = 1_790_000_000_000;

function signerAt(now: () => number) {
  return assertionSigner({ key: () => key, now });
}

async function claimsOf(token: string) {
  const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(key.privateKey), {
    currentDate: new Date(startMs),
  });
  return { payload, protectedHeader };
}

test("an assertion says who calls what, in which session and pod, for a minute", async () => {
  const sign = signerAt(() => startMs);
  expect(await claimsOf(sign({ ...about, session: "s-1", pod: "pod-uid" }))).toEqual({
    protectedHeader: { alg: "EdDSA", typ: "mcp-gateway+jwt", kid: key.kid },
    payload: {
      iss: "mcp-gateway",
      aud: "adapter/weather",
      sub: "ada",
      roles: ["mcp.dev", "a,b"],
      sid: "s-1",
      pod: "pod-uid",
      iat: startMs / 1000,
      exp: startMs / 1000 + 60,
    },
  });
});

test("without a session it names neither session nor pod", async () => {
  const { payload } = await claimsOf(signerAt(() => startMs)(about));
  expect(Object.keys(payload).toSorted()).toEqual(["aud", "exp", "iat", "iss", "roles", "sub"]);
});

test("an assertion is used for half of its life, then there is another", () => {
  let nowMs = startMs;
  const sign = signerAt(() => nowMs);
  const first = sign(about);
  nowMs += 29_999;
  expect(sign(about)).toBe(first);
  nowMs += 1;
  expect(sign(about)).not.toBe(first);
});

test("what is said of one caller, session, pod, adapter or set of roles is never said of another", () => {
  const sign = signerAt(() => startMs);
  const abouts: About[] = [
    about,
    { ...about, audience: "adapter/other" },
    { ...about, session: "s" },
    { ...about, pod: "s" },
    { ...about, session: "s", pod: "s" },
    { ...about, principal: { ...principal, key: "dev:bob", id: "bob" } },
    { ...about, principal: { ...principal, roles: ["mcp.dev", "a", "b"] } },
    { ...about, principal: { ...principal, roles: [] } },
    // Keys are whatever an issuer calls its users.
    { ...about, principal: { ...principal, key: "\ndev:ada", id: "\nada" } },
    { ...about, principal: { ...principal, roles: [], key: '["mcp.dev","a,b"]\ndev:ada', id: "x" } },
  ];
  expect(new Set(abouts.map(sign)).size).toBe(abouts.length);
  expect(abouts.map(sign)).toEqual(abouts.map(sign));
});

test("a new key signs what is signed from now on", async () => {
  let current = key;
  let nowMs = startMs;
  const sign = assertionSigner({ key: () => current, now: () => nowMs });
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
  expect(kidOf(sign(about))).toBe(key.kid);
  current = signingKeyFrom("another gateway key, as long as the first");
  nowMs += 30_000;
  expect(kidOf(sign(about))).toBe(current.kid);
});

test("it is told of each assertion whether it had to be signed", () => {
  let nowMs = startMs;
  const told: string[] = [];
  const sign = assertionSigner({ key: () => key, now: () => nowMs, onMade: (source) => told.push(source) });
  sign(about);
  sign(about);
  sign({ ...about, audience: "adapter/dice" });
  nowMs += 30_000;
  sign(about);
  expect(told).toEqual(["signed", "cached", "signed", "signed"]);
});
