import { expect, test } from "bun:test";
import { calculateJwkThumbprint } from "jose";
import { jwksOf, keysIn } from "../../gateway/assertion/jwks.ts";
import { signingKeyFrom } from "../../gateway/assertion/keys.ts";

const secret = "a gateway key of thirty-two characters";

test("gateways with the same key sign alike, and nobody else does", () => {
  expect(signingKeyFrom(secret).x).toBe(signingKeyFrom(secret).x);
  expect(signingKeyFrom(secret).x).not.toBe(signingKeyFrom(`${secret}.`).x);
});

test("a key is the same after an upgrade of the gateway", () => {
  expect(signingKeyFrom(secret).x).toBe("1z8LnAJe75cuhUshcFeOl0oFlbY9VXUUJQgy38haWpE");
});

test("a key goes by its thumbprint", async () => {
  const { kid, x } = signingKeyFrom(secret);
  expect(kid).toBe(await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x }));
});

test("published keys are a JWK Set, and are read again as they were", () => {
  const { kid, x } = signingKeyFrom(secret);
  const keys = [{ kid, x, sinceMs: 1_790_000_000_000 }];
  expect(JSON.parse(jwksOf(keys))).toEqual({
    keys: [{ kty: "OKP", crv: "Ed25519", use: "sig", alg: "EdDSA", kid, x, iat: 1_790_000_000 }],
  });
  expect(keysIn(jwksOf(keys))).toEqual(keys);
});

test("what is no JWK Set is none, and keys of other kinds are left out", () => {
  for (const text of ["", "{", "[]", "null", '{"keys":{}}', '"keys"']) expect(keysIn(text)).toBeUndefined();
  const others = {
    keys: [null, 7, { kty: "RSA", kid: "r", n: "x", e: "y" }, { kty: "OKP", crv: "X25519", kid: "x", x: "" }],
  };
  expect(keysIn(JSON.stringify(others))).toEqual([]);
  const withoutTime = { keys: [{ kty: "OKP", crv: "Ed25519", kid: "k", x: "x" }] };
  expect(keysIn(JSON.stringify(withoutTime))).toEqual([{ kid: "k", x: "x", sinceMs: 0 }]);
});
