import { describe, expect, test } from "bun:test";
import { findingWords } from "../../openapi/diagnosis.ts";
import { advice } from "../../gateway/doctor/advice.ts";
import { claimsIn } from "../../gateway/doctor/client/claims.ts";
import { bearerIn, challengesIn } from "../../gateway/doctor/client/www-authenticate.ts";
import { hiding } from "../../gateway/doctor/diagnosis.ts";
import { turns } from "../../gateway/doctor/turns.ts";

test("every word has its advice, and no advice is without a word", () => {
  expect(Object.keys(advice).toSorted()).toEqual([...findingWords].toSorted());
  expect(new Set(findingWords).size).toBe(findingWords.length);
  for (const sentence of Object.values(advice)) expect(sentence).toMatch(/^[A-Z].+\.$/);
});

test("every setting that is advised is one", async () => {
  const known = await Bun.file(new URL("../../gateway/config/environment.ts", import.meta.url)).text();
  const ours =
    Object.values(advice)
      .join(" ")
      .match(/\b[A-Z]{2,}(?:_[A-Z0-9]+)+\b/g) ?? [];
  const foreign = new Set(["NODE_EXTRA_CA_CERTS"]);
  expect(ours.length).toBeGreaterThan(10);
  expect(ours.filter((name) => !foreign.has(name) && !known.includes(`  ${name}:`))).toEqual([]);
});

describe("WWW-Authenticate", () => {
  test.each<[string, [string, Record<string, string>][]]>([
    ["", []],
    ["Bearer", [["bearer", {}]]],
    ['Bearer realm="a"', [["bearer", { realm: "a" }]]],
    ['bearer Scope="a b", ERROR=invalid_token', [["bearer", { scope: "a b", error: "invalid_token" }]]],
    [
      'Basic realm="Bearer x=1, y", Bearer scope="a"',
      [
        ["basic", { realm: "Bearer x=1, y" }],
        ["bearer", { scope: "a" }],
      ],
    ],
    [
      "Negotiate abc==, Bearer",
      [
        ["negotiate", {}],
        ["bearer", {}],
      ],
    ],
    ['Bearer a="x \\"y\\" z"', [["bearer", { a: 'x "y" z' }]]],
    [
      "Bearer resource_metadata=https://a.example/x?y=1, scope=b",
      [["bearer", { resource_metadata: "https://a.example/x?y=1", scope: "b" }]],
    ],
    ['Bearer a="never ends', [["bearer", {}]]],
  ])("%p", (header, expected) => {
    const read = challengesIn(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
    expect(read).toEqual(expected);
  });

  test("any header is read in time that grows with its length", () => {
    for (const piece of ['a="', "a=,", "\\", ' "', "Bearer ", "a ", "=,"]) {
      const startMs = performance.now();
      bearerIn(piece.repeat(8_000));
      expect(performance.now() - startMs).toBeLessThan(500);
    }
  });
});

test("secrets are hidden whole and in parts, and short words are not", () => {
  const hide = hiding(["Bearer aaaaaaaaaa.bbbbbbbbbb.cccccccccc", "12345678", "dev"]);
  expect(hide("aaaaaaaaaa.bbbbbbbbbb.cccccccccc and bbbbbbbbbb, dev 12345678 Bearer")).toBe(
    "[hidden].[hidden].[hidden] and [hidden], dev [hidden] Bearer",
  );
  expect(hiding([])("text")).toBe("text");
});

test("a turn is for one at a time, so many in all, and is given back", () => {
  const all = turns(2);
  const first = all.take("a");
  expect(all.take("a").state).toBe("busy");
  const second = all.take("b");
  expect([first.state, second.state, all.take("c").state]).toEqual(["yours", "yours", "full"]);
  if (first.state === "yours") first[Symbol.dispose]();
  expect(all.take("c").state).toBe("yours");
});

describe("what a token says of itself", () => {
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const token = (claims: object, header: object = { alg: "RS256" }) =>
    `${encoded(header)}.${encoded(claims)}.c2lnbmF0dXJl`;

  test("is read, whatever it is", () => {
    expect(claimsIn(token({ iss: "https://a", aud: ["x", 1], exp: 10, nbf: 5, scope: "a b", scp: "c" }))).toEqual({
      issuer: "https://a",
      audiences: ["x"],
      expiresAtMs: 10_000,
      notBeforeMs: 5_000,
      scopes: ["a", "b", "c"],
      isIdToken: false,
    });
    expect(claimsIn(token({ iss: 1, aud: {}, exp: "soon" }))).toMatchObject({
      issuer: undefined,
      audiences: [],
      expiresAtMs: undefined,
    });
    for (const none of ["", "abc", "a.b.c", "a.b", "..", token([])]) expect(claimsIn(none)).toBeUndefined();
  });

  test.each<[string, object, object, boolean]>([
    ["a nonce", { nonce: "n" }, {}, true],
    ["the hash of an access token", { at_hash: "h" }, {}, true],
    ["Keycloak's word", { typ: "ID" }, {}, true],
    ["Cognito's word", { token_use: "id" }, {}, true],
    ["a nonce, and the type of access tokens", { nonce: "n" }, { typ: "at+jwt" }, false],
    ["a nonce, and Keycloak's word for an access token", { nonce: "n", typ: "Bearer" }, {}, false],
    ["a scope", { scp: "a" }, { typ: "JWT" }, false],
  ])("%s", (_what, claims, header, expected) => {
    expect(claimsIn(token(claims, { alg: "RS256", ...header }))?.isIdToken).toBe(expected);
  });
});
