import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { assertionType } from "../../../gateway/assertion/assertion.ts";
import { signingKeyFrom } from "../../../gateway/assertion/keys.ts";
import { until } from "../../support/until.ts";
import { claims, gatewayKey, type GuardProcess, jws, keyVolume, startGuard, unsigned, vouched } from "./support.ts";

const stack = new AsyncDisposableStack();
let guard: GuardProcess;
let asked = 0;

/** Known to the guard, too, and not the one that signs. */
const nextKey = signingKeyFrom("the gateway's next key");
const foreignKey = signingKeyFrom("another gateway's key");
const nowSeconds = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  const upstream = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch() {
      asked++;
      return new Response("let in");
    },
  });
  stack.defer(() => upstream.stop(true));
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey, nextKey]);
  guard = stack.use(await startGuard(`http://127.0.0.1:${upstream.port}`, volume.file));
});
afterAll(() => stack.disposeAsync());

const ask = (headers: Record<string, string>, method = "POST") =>
  fetch(`${guard.url}/mcp`, { method, headers, body: method === "POST" ? "{}" : undefined });

/** One that holds, cut into its parts. */
function parts(): [string, string, string] {
  return jws(claims()).split(".") as [string, string, string];
}

function withHmac(secret: string | Buffer): string {
  const text = unsigned({ alg: "HS256", typ: assertionType, kid: gatewayKey.kid }, claims());
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

const refusals: [string, string, () => string | Record<string, string>][] = [
  ["no assertion", "missing", () => ({})],
  ["a bearer token only", "missing", () => ({ authorization: `Bearer ${jws(claims())}` })],
  ["an empty one", "malformed", () => ""],
  ["text", "malformed", () => "let me in"],
  ["two parts", "malformed", () => parts().slice(0, 2).join(".")],
  ["five parts, as an encrypted one has", "malformed", () => [...parts(), "a", "b"].join(".")],
  ["two assertions in one request", "malformed", () => `${jws(claims())}, ${jws(claims())}`],
  ["padding", "malformed", () => `${jws(claims())}==`],
  ["another spelling of the signature", "malformed", () => respelled(jws(claims()))],
  [
    "a header that is no JSON",
    "malformed",
    () => [Buffer.from("{").toString("base64url"), ...parts().slice(1)].join("."),
  ],
  ["more than the limit", "malformed", () => jws(claims({ roles: ["x".repeat(10_000)] }))],
  [
    "alg none",
    "algorithm",
    () => `${unsigned({ alg: "none", typ: assertionType, kid: gatewayKey.kid }, claims())}.AAAA`,
  ],
  ["no signature", "malformed", () => `${unsigned({ alg: "none", typ: assertionType }, claims())}.`],
  ["HS256 with the public key as its secret", "algorithm", () => withHmac(gatewayKey.x)],
  ["HS256 with the public key's bytes", "algorithm", () => withHmac(Buffer.from(gatewayKey.x, "base64url"))],
  ["another algorithm in its header", "algorithm", () => jws(claims(), { alg: "ES256" })],
  ["no algorithm", "algorithm", () => jws(claims(), { alg: undefined })],
  ["a type of another kind", "type", () => jws(claims(), { typ: "at+jwt" })],
  ["no type", "type", () => jws(claims(), { typ: undefined })],
  ["a critical extension", "critical-header", () => jws(claims(), { crit: ["b64"], b64: false })],
  ["a critical extension that nobody knows", "critical-header", () => jws(claims(), { crit: ["exp"] })],
  ["no key id", "unknown-key", () => jws(claims(), { kid: undefined })],
  ["a key id that is no text", "unknown-key", () => jws(claims(), { kid: 7 })],
  ["a key that nobody knows", "unknown-key", () => jws(claims(), {}, foreignKey)],
  ["a key that it brings along", "unknown-key", () => jws(claims(), { jwk: jwkOf(foreignKey.x) }, foreignKey)],
  ["a foreign signature under our key's id", "signature", () => jws(claims(), { kid: gatewayKey.kid }, foreignKey)],
  ["the id of our other key", "signature", () => jws(claims(), { kid: nextKey.kid })],
  ["other claims under the same signature", "signature", () => tampered()],
  ["a changed signature", "signature", () => jws(claims()).replace(/\.[\w-]{4}([\w-]*)$/, ".AAAA$1")],
  ["claims that are no JSON object", "claims", () => jws([] as never)],
  ["a foreign issuer", "issuer", () => jws(claims({ iss: "https://issuer.example" }))],
  ["no issuer", "issuer", () => jws(claims({ iss: undefined }))],
  ["another adapter's audience", "audience", () => jws(claims({ aud: "adapter/news" }))],
  ["another namespace's audience", "audience", () => jws(claims({ aud: "other/weather" }))],
  ["several audiences", "audience", () => jws(claims({ aud: ["adapter/weather", "adapter/news"] }))],
  ["another pod", "pod", () => jws(claims({ pod: "another-pod" }))],
  ["no subject", "claims", () => jws(claims({ sub: undefined }))],
  ["roles that are no list", "claims", () => jws(claims({ roles: "mcp.admin" }))],
  ["a role that is no text", "claims", () => jws(claims({ roles: [7] }))],
  ["a session that is no text", "claims", () => jws(claims({ sid: 7 }))],
  ["no end", "claims", () => jws(claims({ exp: undefined }))],
  ["no beginning", "claims", () => jws(claims({ iat: undefined }))],
  ["an end that is text", "claims", () => jws(claims({ exp: String(nowSeconds() + 60) }))],
  ["an end that is over", "expired", () => jws(claims({ iat: nowSeconds() - 71, exp: nowSeconds() - 11 }))],
  [
    "a beginning that is far ahead",
    "not-yet-valid",
    () => jws(claims({ iat: nowSeconds() + 20, exp: nowSeconds() + 60 })),
  ],
  ["a life that is too long", "lifetime", () => jws(claims({ exp: nowSeconds() + 120 }))],
  ["a session that the request does not have", "session", () => jws(claims({ sid: "s-1" }))],
  [
    "another session than the request's",
    "session",
    () => ({ "mcp-gateway-assertion": jws(claims({ sid: "s-1" })), "mcp-session-id": "s-2" }),
  ],
  [
    "a session in the request only",
    "session",
    () => ({ "mcp-gateway-assertion": jws(claims()), "mcp-session-id": "s-1" }),
  ],
];

function jwkOf(x: string) {
  return { kty: "OKP", crv: "Ed25519", x };
}

/** The same bytes: the last character of 64 bytes has four bits that mean nothing. */
function respelled(token: string): string {
  const last = token.at(-1) as string;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
}

function tampered(): string {
  const [head, , signature] = parts();
  return `${head}.${Buffer.from(JSON.stringify(claims({ sub: "eve" }))).toString("base64url")}.${signature}`;
}

test.each(refusals)("with %s nobody gets in: %s", async (_what, reason, make) => {
  const made = make();
  const headers = typeof made === "string" ? { "mcp-gateway-assertion": made } : made;
  const sample = `mcp_guard_refused_total{reason="${reason}"}`;
  const before = { asked, refused: (await guard.metrics()).get(sample) };
  const response = await ask(headers);
  expect(response.status).toBe(403);
  expect(await response.text()).toBe('{"jsonrpc":"2.0","error":{"code":-32600,"message":"Forbidden"},"id":null}');
  const told = [...response.headers].filter(([name]) => name !== "date");
  expect(told).toEqual([
    ["content-length", "73"],
    ["content-type", "application/json"],
  ]);
  expect(asked).toBe(before.asked);
  expect((await guard.metrics()).get(sample)).toBe((before.refused ?? 0) + 1);
});

test("whom the gateway vouches for gets in, with and without a session, whatever the method", async () => {
  for (const method of ["POST", "GET", "DELETE"]) {
    for (const changes of [{}, { sid: "s-1" }, { pod: "5f0c2d1e-pod" }, { sid: "s-1", pod: "5f0c2d1e-pod" }]) {
      expect(await (await ask(vouched(changes), method)).text()).toBe("let in");
    }
  }
});

test("clocks may be ten seconds apart", async () => {
  for (const [iat, exp] of [
    [-65, -5],
    [8, 60],
  ] as const) {
    const headers = vouched({ iat: nowSeconds() + iat, exp: nowSeconds() + exp });
    expect((await ask(headers)).status).toBe(200);
  }
});

test("an assertion that was good once is refused when its time is over, and in another session", async () => {
  const token = jws(claims({ iat: nowSeconds() - 67, exp: nowSeconds() - 7 }));
  const headers = { "mcp-gateway-assertion": token };
  expect((await ask(headers)).status).toBe(200);
  expect((await ask({ ...headers, "mcp-session-id": "s-1" })).status).toBe(403);
  await until("its time is over", async () => (await ask(headers)).status === 403);
});

test("headers that are larger than a server reads do no harm", async () => {
  expect((await ask({ "mcp-gateway-assertion": "a".repeat(60_000) })).status).toBe(431);
  expect((await ask(vouched())).status).toBe(200);
});

test("the log says why and from where, and holds nothing of an assertion", async () => {
  const token = jws(claims({ aud: "adapter/other" }));
  await ask({ "mcp-gateway-assertion": token });
  const line = await until("it is said", () => /{.*"reason":"audience".*}/.exec(guard.log())?.[0]);
  expect(JSON.parse(line)).toMatchObject({ level: 40, from: "127.0.0.1", msg: "not let in" });
  expect(guard.log()).not.toContain(token.slice(-20));
});

test("a flood of strangers writes few lines, and the count is complete", async () => {
  const before = (await guard.metrics()).get('mcp_guard_refused_total{reason="missing"}') ?? 0;
  const lines = guard.log().length;
  await Promise.all(Array.from({ length: 500 }, () => ask({})));
  expect((await guard.metrics()).get('mcp_guard_refused_total{reason="missing"}')).toBe(before + 500);
  expect(guard.log().slice(lines).split("\n").length).toBeLessThan(4);
});
