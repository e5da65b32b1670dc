import { expect, spyOn, test } from "bun:test";
import { claimsOf, internet, outcomeOf, signer, startSeconds, verifierOn } from "./support.ts";

const issuer = "https://id.example.com";
const mcp = "https://mcp.example.com";
const key = await signer("RS256", "k");
const token = (jti: string, more = {}) => key.sign(claimsOf(issuer, mcp, { jti, ...more }));

async function gatewayWith(limits = {}) {
  const { fetch, siteOf } = internet([issuer]);
  siteOf(issuer).keys = [key.jwk];
  return await verifierOn(fetch, [{ kind: "oidc", issuer, audiences: [mcp] }], limits);
}

test("a token's signature is checked once, for those who come at the same time as well", async () => {
  await using gateway = await gatewayWith();
  const one = await token("1");
  expect(gateway.verifier.known(one)).toBeUndefined();
  const checks = spyOn(crypto.subtle, "verify");
  try {
    await Promise.all(Array.from({ length: 20 }, () => gateway.verifier.verify(one)));
    await gateway.verifier.verify(one);
    expect(gateway.verifier.known(one)?.principal.id).toBe("u-1");
    expect(checks).toHaveBeenCalledTimes(1);
  } finally {
    checks.mockRestore();
  }
});

test("a remembered token is refused from the same millisecond on as a new one: exp and 60 s", async () => {
  await using gateway = await gatewayWith();
  const short = await token("1", { exp: startSeconds + 10 });
  await gateway.verifier.verify(short);
  gateway.time.forward(69_999);
  expect(gateway.verifier.known(short)?.expiresAtMs).toBe(1_767_225_670_000);
  gateway.time.forward(1);
  expect(gateway.verifier.known(short)).toBeUndefined();
  expect(await outcomeOf(gateway.verifier, short)).toBe("expired");
});

test("of more tokens than it holds the oldest is forgotten, and verified again", async () => {
  await using gateway = await gatewayWith({ maxCachedTokens: 2 });
  const tokens = await Promise.all(["1", "2", "3"].map((jti) => token(jti)));
  for (const one of tokens) await gateway.verifier.verify(one);
  expect(tokens.map((one) => gateway.verifier.known(one) !== undefined)).toEqual([false, true, true]);
  expect(await outcomeOf(gateway.verifier, tokens[0] ?? "")).toBe("u-1");
});

test("what was refused is not remembered, and is looked at again", async () => {
  await using gateway = await gatewayWith();
  const early = await token("1", { nbf: startSeconds + 120 });
  expect(await outcomeOf(gateway.verifier, early)).toBe("not-yet-valid");
  expect(gateway.verifier.known(early)).toBeUndefined();
  gateway.time.forward(60_000);
  expect(await outcomeOf(gateway.verifier, early)).toBe("u-1");
});

test("a token that differs from a remembered one in its last letters is not that one", async () => {
  await using gateway = await gatewayWith();
  const one = await token("1");
  await gateway.verifier.verify(one);
  expect(gateway.verifier.known(one.slice(0, -4))).toBeUndefined();
  expect(gateway.verifier.known(`${one.slice(0, -4)}AAAA`)).toBeUndefined();
  expect(gateway.verifier.known("x".repeat(1_000_000))).toBeUndefined();
});

test("each request is a hit or a miss, and each token that was new was examined once", async () => {
  await using gateway = await gatewayWith({ maxTokenLength: 1000 });
  const { verifier, counted } = gateway;
  expect(counted.splice(0)).toEqual(["issuer read"]);
  const one = await token("1");
  expect(verifier.known(one)).toBeUndefined();
  await Promise.all([verifier.verify(one), verifier.verify(one)]);
  expect(counted.splice(0)).toEqual(["miss", "miss", "verified"]);
  expect(verifier.known(one)).toBeDefined();
  expect(counted.splice(0)).toEqual(["hit"]);
  await verifier.verify(await token("2", { exp: startSeconds - 61 }));
  await verifier.verify("x".repeat(1001));
  expect(counted.splice(0)).toEqual(["miss", "expired", "miss", "too-long"]);
  expect(verifier.remembered()).toBe(1);
});
