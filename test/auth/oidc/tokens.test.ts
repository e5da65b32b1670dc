import { afterAll, expect, test } from "bun:test";
import { CompactEncrypt, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { base64url, claimsOf, internet, outcomeOf, signer, startMs, startSeconds, verifierOn } from "./support.ts";

const id = "https://id.example.com";
const single = "https://single.example.com";
const unnamed = "https://unnamed.example.com";
const mcp = "https://mcp.example.com";

const rsa = await signer("RS256", "rsa-1");
const rsa2 = await signer("RS256", "rsa-2");
const ec = await signer("ES256", "ec-1");
const ed = await signer("EdDSA", "ed-1");
const ps = await signer("PS256", "ps-1");
const only = await signer("RS256", "only");
const keyless = await signer("RS256", undefined);
const stranger = await signer("RS256", "rsa-1");
const sealing = await generateKeyPair("RSA-OAEP-256");
const pem = await exportSPKI(rsa.publicKey);

const { fetch, siteOf, strayed } = internet([id, single, unnamed]);
siteOf(id).keys = [rsa.jwk, rsa2.jwk, ec.jwk, ed.jwk, ps.jwk];
siteOf(single).keys = [only.jwk];
siteOf(unnamed).keys = [keyless.jwk];
const { verifier } = await verifierOn(fetch, [
  { kind: "oidc", issuer: id, audiences: [mcp, "gateway"] },
  { kind: "oidc", issuer: single, audiences: [mcp], idPrefix: "single:", algorithms: ["RS256"] },
  { kind: "oidc", issuer: unnamed, audiences: [mcp], idPrefix: "unnamed:" },
]);
afterAll(() => verifier[Symbol.asyncDispose]());

const good = claimsOf(id, mcp);
const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
const hmac = (secret: string, alg: string) =>
  new SignJWT(good).setProtectedHeader({ alg, kid: "rsa-1" }).sign(new TextEncoder().encode(secret));
const jwe = (header: { cty?: string }) =>
  new CompactEncrypt(new TextEncoder().encode(JSON.stringify(good)))
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", ...header })
    .encrypt(sealing.publicKey);
const cut = (token: string, part: number, change: (text: string) => string) =>
  token
    .split(".")
    .map((text, index) => (index === part ? change(text) : text))
    .join(".");
const json = JSON.stringify;
const now = startSeconds;

type Make = () => string | Promise<string>;
const table: readonly (readonly [string, Make, string])[] = [
  ["RS256", () => rsa.sign(good), "u-1"],
  ["ES256", () => ec.sign(good), "u-1"],
  ["EdDSA", () => ed.sign(good), "u-1"],
  ["PS256", () => ps.sign(good), "u-1"],
  ["no typ at all", () => rsa.signText(json(good)), "u-1"],

  ["alg none", () => `${base64url(json({ alg: "none", typ: "JWT" }))}.${base64url(json(good))}.`, "algorithm"],
  [
    "alg None with a signature",
    () => rsa.signRaw(json({ alg: "None", kid: "rsa-1" }), base64url(json(good))),
    "algorithm",
  ],
  ["HS256 with the public key's PEM as the secret", () => hmac(pem, "HS256"), "algorithm"],
  ["HS512 with the public key's JWK as the secret", () => hmac(json(rsa.jwk), "HS512"), "algorithm"],
  ["an algorithm this issuer was not given", () => ec.sign(claimsOf(single, mcp)), "algorithm"],
  ["no alg", () => rsa.signRaw(json({ kid: "rsa-1" }), base64url(json(good))), "malformed"],
  ["alg in the plural", () => rsa.signRaw(json({ alg: ["RS256"], kid: "rsa-1" }), base64url(json(good))), "malformed"],
  [
    "RSA's key under an elliptic alg",
    () => rsa.signRaw(json({ alg: "ES256", kid: "rsa-1" }), base64url(json(good))),
    "unknown-key",
  ],

  ["a stranger's key under a known kid", () => stranger.sign(good), "signature"],
  [
    "another payload under the signature",
    async () => cut(await rsa.sign(good), 1, () => base64url(json({ ...good, sub: "root" }))),
    "signature",
  ],
  ["another key of the same issuer", () => rsa2.sign(good, { kid: "rsa-1" }), "signature"],
  ["another issuer's key", () => only.sign(good, { kid: "rsa-1" }), "signature"],
  ["a kid nobody knows", () => rsa.sign(good, { kid: "rsa-9" }), "unknown-key"],
  ["a kid that is a path", () => rsa.sign(good, { kid: "../../dev/null" }), "unknown-key"],
  ["a kid that is a number", () => rsa.signRaw(json({ alg: "RS256", kid: 1 }), base64url(json(good))), "malformed"],
  ["no kid, several keys", () => rsa.sign(good, { kid: undefined }), "unknown-key"],
  ["no kid, one key", () => only.sign(claimsOf(single, mcp), { kid: undefined }), "single:u-1"],
  ["no kid, one key that has none either", () => keyless.sign(claimsOf(unnamed, mcp)), "unnamed:u-1"],
  ["its own key in jwk", () => stranger.sign(good, { jwk: stranger.jwk }), "signature"],
  [
    "its own keys at jku and x5u",
    () => stranger.sign(good, { jku: "https://evil.example/k", x5u: "https://evil.example/c" }),
    "signature",
  ],
  ["a good token with a foreign jwk beside", () => rsa.sign(good, { jwk: stranger.jwk }), "u-1"],

  [
    "an unknown critical header",
    () => rsa.signRaw(json({ alg: "RS256", kid: "rsa-1", crit: ["exp"], exp: 1 }), base64url(json(good))),
    "critical-header",
  ],
  [
    "an empty crit",
    () => rsa.signRaw(json({ alg: "RS256", kid: "rsa-1", crit: [] }), base64url(json(good))),
    "critical-header",
  ],
  [
    "b64 false",
    () => rsa.signRaw(json({ alg: "RS256", kid: "rsa-1", b64: false, crit: ["b64"] }), base64url(json(good))),
    "critical-header",
  ],
  [
    "b64 false without crit",
    () => rsa.signRaw(json({ alg: "RS256", kid: "rsa-1", b64: false }), base64url(json(good))),
    "critical-header",
  ],

  ["nothing", () => "", "malformed"],
  ["a word", () => "token", "malformed"],
  ["one dot", async () => (await rsa.sign(good)).split(".").slice(0, 2).join("."), "malformed"],
  ["four parts", async () => `${await rsa.sign(good)}.x`, "malformed"],
  ["an encrypted token", () => jwe({}), "malformed"],
  ["an encrypted token around a JWT", () => jwe({ cty: "JWT" }), "malformed"],
  ["a space before", async () => ` ${await rsa.sign(good)}`, "malformed"],
  ["a line end behind", async () => `${await rsa.sign(good)}\n`, "malformed"],
  [
    "a space within",
    async () => cut(await rsa.sign(good), 1, (text) => `${text.slice(0, 8)} ${text.slice(8)}`),
    "malformed",
  ],
  ["padding", async () => cut(await rsa.sign(good), 2, (text) => `${text}==`), "malformed"],
  [
    "base64 instead of base64url",
    async () => cut(await rsa.sign(good), 2, (text) => `+/${text.slice(2)}`),
    "malformed",
  ],
  ["another spelling of the same signature", async () => cut(await rsa.sign(good), 2, otherSpelling), "malformed"],
  ["a header that is no JSON", () => rsa.signRaw("{alg:RS256}", base64url(json(good))), "malformed"],
  ["a header that is a list", () => rsa.signRaw('["RS256"]', base64url(json(good))), "malformed"],
  ["a payload that is no JSON", () => rsa.signText("hello"), "malformed"],
  ["a payload that is a list", () => rsa.signText(json([good])), "malformed"],
  [
    "a payload that is not UTF-8",
    () => rsa.signRaw(json({ alg: "RS256", kid: "rsa-1" }), Buffer.from([0x7b, 0xff, 0x7d]).toString("base64url")),
    "malformed",
  ],
  [
    "16 KiB and one",
    async () => (await rsa.sign({ ...good, pad: "x".repeat(13_000) })).padEnd(16_385, "A"),
    "too-long",
  ],
  ["one of 15 KiB", () => rsa.sign({ ...good, pad: "x".repeat(11_000) }), "u-1"],

  ["another issuer", () => rsa.sign(claimsOf("https://evil.example", mcp)), "unknown-issuer"],
  ["the issuer with a slash behind", () => rsa.sign(claimsOf(`${id}/`, mcp)), "unknown-issuer"],
  ["the issuer in capitals", () => rsa.sign(claimsOf("https://ID.example.com", mcp)), "unknown-issuer"],
  ["two issuers", () => rsa.sign({ ...good, iss: [id, single] }), "invalid-claim"],
  ["no issuer", () => rsa.sign(without("iss")), "missing-claim"],
  ["an issuer that says it is another one of ours", () => only.sign(claimsOf(id, mcp), { kid: "only" }), "unknown-key"],

  ["our second audience", () => rsa.sign(claimsOf(id, "gateway")), "u-1"],
  ["us among several audiences", () => rsa.sign(claimsOf(id, ["https://else.example", mcp])), "u-1"],
  ["another audience", () => rsa.sign(claimsOf(id, "https://else.example")), "audience"],
  ["an audience that begins with us", () => rsa.sign(claimsOf(id, `${mcp}.evil.example`)), "audience"],
  ["an empty list of audiences", () => rsa.sign(claimsOf(id, [])), "audience"],
  ["an audience that is a number", () => rsa.sign(claimsOf(id, 7)), "audience"],
  ["an audience that is an object", () => rsa.sign(claimsOf(id, { 0: mcp })), "audience"],
  ["no audience", () => rsa.sign(without("aud")), "missing-claim"],

  ["expired 59 s ago", () => rsa.sign({ ...good, exp: now - 59 }), "u-1"],
  ["expired 60 s ago", () => rsa.sign({ ...good, exp: now - 60 }), "expired"],
  ["expired a year ago", () => rsa.sign({ ...good, exp: now - 31_536_000 }), "expired"],
  ["no exp", () => rsa.sign(without("exp")), "missing-claim"],
  ["exp as text", () => rsa.sign({ ...good, exp: `${now + 3600}` }), "invalid-claim"],
  ["exp without end", () => rsa.signText(json(good).replace(`"exp":${now + 3600}`, '"exp":1e999')), "invalid-claim"],
  ["valid in 60 s", () => rsa.sign({ ...good, nbf: now + 60 }), "u-1"],
  ["valid in 61 s", () => rsa.sign({ ...good, nbf: now + 61 }), "not-yet-valid"],
  ["nbf as text", () => rsa.sign({ ...good, nbf: "now" }), "invalid-claim"],
  ["issued in 60 s", () => rsa.sign({ ...good, iat: now + 60 }), "u-1"],
  ["issued in 61 s", () => rsa.sign({ ...good, iat: now + 61 }), "not-yet-valid"],
  ["iat as text", () => rsa.sign({ ...good, iat: "today" }), "invalid-claim"],
  ["no iat", () => rsa.sign(without("iat")), "u-1"],

  ["no sub", () => rsa.sign(without("sub")), "missing-claim"],
  ["an empty sub", () => rsa.sign({ ...good, sub: "" }), "invalid-claim"],
  ["a sub of 256 letters", () => rsa.sign({ ...good, sub: "u".repeat(256) }), "u".repeat(256)],
  ["a sub of 257 letters", () => rsa.sign({ ...good, sub: "u".repeat(257) }), "invalid-claim"],
  ["a sub that is a number", () => rsa.sign({ ...good, sub: 1 }), "invalid-claim"],
  ["a sub with a line end", () => rsa.sign({ ...good, sub: "u\r\nx-mcp-roles: mcp.admin" }), "invalid-claim"],
  ["a sub that looks like another issuer's", () => rsa.sign({ ...good, sub: "single:u-1" }), "foreign-id"],
  ["sub twice: the last one, as everywhere", () => rsa.signText(json(good).replace("{", '{"sub":"root",')), "u-1"],
  [
    "exp twice: the last one",
    () => rsa.signText(json({ ...good, exp: now - 60 }).replace("{", `{"exp":${now + 3600},`)),
    "expired",
  ],
  [
    "iss twice: the last one chooses",
    () => rsa.signText(json(good).replace("{", '{"iss":"https://evil.example",')),
    "u-1",
  ],

  ["type at+jwt without scope", () => rsa.sign(without("scope"), { typ: "at+jwt" }), "u-1"],
  ["type application/at+jwt in capitals", () => rsa.sign(without("scope"), { typ: "application/AT+JWT" }), "u-1"],
  ["type at+jwt with a nonce", () => rsa.sign({ ...good, nonce: "n" }, { typ: "at+jwt" }), "u-1"],
  ["type logout+jwt", () => rsa.sign(good, { typ: "logout+jwt" }), "token-type"],
  ["type dpop+jwt", () => rsa.sign(good, { typ: "dpop+jwt" }), "token-type"],
  [
    "a type that is a number",
    () => rsa.signRaw(json({ alg: "RS256", kid: "rsa-1", typ: 1 }), base64url(json(good))),
    "malformed",
  ],
  ["a security event", () => rsa.sign({ ...good, events: { "http://x/logout": {} } }), "token-type"],
  ["an ID token: neither scope nor scp", () => rsa.sign({ ...without("scope"), azp: "app" }), "not-access-token"],
  ["an ID token with an empty scope", () => rsa.sign({ ...good, scope: " " }), "not-access-token"],
  ["an ID token with nonce", () => rsa.sign({ ...good, nonce: "n" }), "not-access-token"],
  ["an ID token with at_hash", () => rsa.sign({ ...good, at_hash: "h" }), "not-access-token"],
  ["an ID token with c_hash", () => rsa.sign({ ...good, c_hash: "h" }), "not-access-token"],
  ["an ID token with roles", () => rsa.sign({ ...without("scope"), roles: ["mcp.admin"] }), "not-access-token"],
  ["Keycloak's ID token", () => rsa.sign({ ...good, typ: "ID" }), "token-type"],
  ["Keycloak's refresh token", () => rsa.sign({ ...good, typ: "Refresh" }), "token-type"],
  ["Keycloak's access token with a nonce", () => rsa.sign({ ...good, typ: "Bearer", nonce: "n" }), "u-1"],
  ["Cognito's ID token", () => rsa.sign({ ...good, token_use: "id" }), "token-type"],
  ["bound to a key by DPoP", () => rsa.sign({ ...good, cnf: { jkt: "t" } }, { typ: "at+jwt" }), "sender-constrained"],
  ["bound to a certificate", () => rsa.sign({ ...good, cnf: { "x5t#S256": "t" } }), "sender-constrained"],
];

test.each(table)("%s", async (_name, make, expected) => {
  expect(await outcomeOf(verifier, await make())).toBe(expected);
});

test("an identity has key, id, name, roles and scopes once each, and an end", async () => {
  const claims = {
    ...good,
    name: "Ann",
    roles: ["mcp.dev", "mcp.dev", "a,mcp.admin", 7],
    scope: "mcp tools",
    scp: ["mcp"],
  };
  expect(await verifier.verify(await rsa.sign(claims))).toEqual({
    state: "verified",
    identity: {
      principal: { key: "https://id.example.com#u-1", id: "u-1", name: "Ann", roles: ["mcp.dev"] },
      scopes: ["mcp", "tools"],
      resources: undefined,
      expiresAtMs: startMs + 3_660_000,
    },
  });
});

test("a token's own addresses of keys are not asked", async () => {
  await verifier.verify(await stranger.sign(good, { jku: "https://evil.example/k", x5u: "https://evil.example/c" }));
  expect(strayed).toEqual([]);
});

/** The last character of a 256-byte signature holds 4 bits that mean nothing. */
function otherSpelling(text: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + digits[digits.indexOf(text.slice(-1)) + 1];
}
