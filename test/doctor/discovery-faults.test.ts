import { describe, expect, test } from "bun:test";
import { examine, faults, stepOf } from "./examine.ts";
import { type Documents, goodToken, issuerDocument, startGuardedServer } from "./guarded-server.ts";

const wellKnown = "/.well-known/oauth-protected-resource";

/** By a client that has no token yet. */
async function found(documents: Documents): Promise<string[]> {
  await using server = await startGuardedServer(documents);
  return faults(await examine(server.url));
}

test("a guarded server that does all that it should has nothing wrong with it", async () => {
  await using server = await startGuardedServer();
  expect(faults(await examine(server.url, { token: goodToken }))).toEqual([]);
});

test("without a token all is looked at that a client does before it has one", async () => {
  await using server = await startGuardedServer();
  const diagnosis = await examine(server.url);
  expect([diagnosis.outcome, faults(diagnosis)]).toEqual(["ok", []]);
  expect(stepOf(diagnosis, "token").got).toBe("A token is needed, and none was given.");
  expect(stepOf(diagnosis, "issuer").outcome).toBe("ok");
  expect(stepOf(diagnosis, "initialize")).toMatchObject({
    outcome: "skipped",
    got: "A token is needed, and none was given.",
  });
});

describe("the challenge", () => {
  const challenge = (value: string | undefined) => ({ challenge: () => value });

  test.each<[string, Documents, string[]]>([
    ["none", challenge(undefined), ["challenge: no-challenge"]],
    ["another scheme", challenge('Basic realm="x"'), ["challenge: no-challenge"]],
    [
      "among others",
      {
        challenge: (origin) => `Basic realm="a, Bearer", Bearer scope=a, resource_metadata="${origin}${wellKnown}/mcp"`,
      },
      [],
    ],
    ["no absolute URL", challenge(`Bearer resource_metadata="${wellKnown}/mcp"`), ["challenge: malformed-challenge"]],
    ["without a place", challenge("Bearer"), ["metadata: challenge-without-metadata?"]],
    [
      "a place on another origin where there is nothing",
      challenge("Bearer resource_metadata=http://127.0.0.1:1/metadata"),
      ["challenge: metadata-elsewhere?", "metadata: metadata-unreachable"],
    ],
  ])("%s", async (_what, documents, expected) => {
    expect(await found(documents)).toEqual(expected);
  });
});

describe("the metadata", () => {
  const at = (path: string, document: (origin: string, issuer: string) => unknown): Documents => ({
    metadata: (origin, issuer) => ({ [path]: document(origin, issuer) }),
  });
  const forResource = (resource: (origin: string) => string) =>
    at(`${wellKnown}/mcp`, (origin, issuer) => ({ resource: resource(origin), authorization_servers: [issuer] }));

  test.each<[string, Documents, string[]]>([
    ["there is none", { metadata: () => ({}) }, ["metadata: no-metadata"]],
    [
      "there is none, and no place was named",
      { metadata: () => ({}), challenge: () => "Bearer" },
      ["metadata: no-metadata"],
    ],
    [
      "behind the door that it opens",
      at(`${wellKnown}/mcp`, () => new Response(null, { status: 401 })),
      ["metadata: metadata-guarded"],
    ],
    ["a web page", at(`${wellKnown}/mcp`, () => new Response("<html></html>")), ["metadata: malformed-metadata"]],
    [
      "without an issuer",
      at(`${wellKnown}/mcp`, (origin) => ({ resource: `${origin}/mcp` })),
      ["metadata: malformed-metadata"],
    ],
    ["for another path", forResource((origin) => `${origin}/other/mcp`), ["resource: resource-mismatch"]],
    ["for another host", forResource(() => "https://inside.example/mcp"), ["resource: resource-mismatch"]],
    ["for the whole origin", forResource((origin) => origin), ["resource: resource-mismatch?"]],
    ["with a slash more", forResource((origin) => `${origin}/mcp/`), ["resource: resource-mismatch?"]],
    [
      "of the origin, where no other is named",
      {
        challenge: () => "Bearer",
        metadata: (origin, issuer) => ({ [wellKnown]: { resource: origin, authorization_servers: [issuer] } }),
      },
      [],
    ],
  ])("%s", async (_what, documents, expected) => {
    expect(await found(documents)).toEqual(expected);
  });
});

describe("the issuer", () => {
  const usual = "/.well-known/oauth-authorization-server";
  const withIssuer = (named: string, documents: Documents = {}): Documents => ({
    metadata: (origin) => ({ [`${wellKnown}/mcp`]: { resource: `${origin}/mcp`, authorization_servers: [named] } }),
    ...documents,
  });
  const saying = (change: (issuer: string) => object): Documents => ({
    issuer: (issuer) => ({ [usual]: { ...issuerDocument(issuer), ...change(issuer) } }),
  });

  test.each<[string, Documents, string[]]>([
    ["out of reach", withIssuer("http://127.0.0.1:1"), ["issuer: issuer-unreachable"]],
    ["no URL", withIssuer("the usual one"), ["issuer: issuer-unreachable"]],
    ["not https", withIssuer("http://issuer.example"), ["issuer: issuer-without-tls"]],
    ["without metadata", { issuer: () => ({}) }, ["issuer: issuer-without-metadata"]],
    [
      "of every tenant",
      saying(() => ({ issuer: "https://login.example/{tenantid}/v2.0" })),
      ["issuer: issuer-templated"],
    ],
    ["with a slash more", saying((issuer) => ({ issuer: `${issuer}/` })), ["issuer: issuer-mismatch"]],
    ["without S256", saying(() => ({ code_challenge_methods_supported: ["plain"] })), ["pkce: no-pkce"]],
    [
      "that says nothing of PKCE",
      saying(() => ({ code_challenge_methods_supported: undefined })),
      ["pkce: pkce-unsaid?"],
    ],
    [
      "for known clients only",
      saying(() => ({ registration_endpoint: undefined })),
      ["registration: no-registration?"],
    ],
    [
      "that reads clients' own documents",
      saying(() => ({ registration_endpoint: undefined, client_id_metadata_document_supported: true })),
      [],
    ],
    [
      "with OpenID Connect metadata only",
      { issuer: (issuer) => ({ "/.well-known/openid-configuration": issuerDocument(issuer) }) },
      [],
    ],
  ])("%s", async (_what, documents, expected) => {
    expect(await found(documents)).toEqual(expected);
  });

  test("of a path has its metadata where that path comes last, or first", async () => {
    for (const place of [
      `${usual}/tenant`,
      "/tenant/.well-known/openid-configuration",
      "/.well-known/openid-configuration/tenant",
    ]) {
      const wrong = await found({
        metadata: (origin, issuer) => ({
          [`${wellKnown}/mcp`]: { resource: `${origin}/mcp`, authorization_servers: [`${issuer}/tenant`] },
        }),
        issuer: (issuer) => ({ [place]: issuerDocument(`${issuer}/tenant`) }),
      });
      expect({ place, wrong }).toEqual({ place, wrong: [] });
    }
  });
});

describe("the door", () => {
  test.each<[string, Documents["status"], string[]]>([
    ["a host that is not allowed", () => new Response("Invalid Host header", { status: 403 }), ["door: blocked-host"]],
    ["a host that is not served", () => new Response(null, { status: 421 }), ["door: blocked-host"]],
  ])("%s", async (_what, status, expected) => {
    expect(await found({ status })).toEqual(expected);
  });

  test("a caller who may not", async () => {
    const forbidden: Documents["status"] = ({ url }) =>
      url.endsWith("/x/mcp") ? new Response(null, { status: 403 }) : undefined;
    await using server = await startGuardedServer({ status: forbidden });
    expect(faults(await examine(`${server.origin}/x/mcp`))).toEqual(["door: forbidden"]);
    const refused = await examine(`${server.origin}/x/mcp`, { token: "another-token" });
    expect(faults(refused)).toEqual(["token: forbidden"]);
    expect(stepOf(refused, "token").advice).toContain("`requiredRoles`");
  });
});
