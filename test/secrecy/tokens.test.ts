import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { clientOf } from "../support/client.ts";
import { type MockIssuer, mockIssuer } from "../support/mock-issuer.ts";
import { addTelling, openStand, type Stand } from "./stand.ts";

const stack = new AsyncDisposableStack();
let issuer: MockIssuer;
let stand: Stand;
let good: string;

beforeAll(async () => {
  issuer = stack.use(await mockIssuer());
  good = await tokenWith({ sub: "ada" });
  const settings = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "gateway" };
  stand = stack.use(await openStand(() => settings, bearer(good)));
  keep("a good token", good);
  await addTelling(stand, clientOf(stand.gateway.url, bearer(good)), "telling");
}, 60_000);
afterAll(() => stack.disposeAsync());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const tokenWith = (claims: Record<string, unknown>, options: Parameters<MockIssuer["token"]>[1] = {}) =>
  issuer.token({ aud: "gateway", scope: "mcp", ...claims }, options);
const plant = (what: string) => stand.planted.plant(what);

/** The whole, and each part of it that is worth something by itself. */
function keep(what: string, token: string): void {
  stand.planted.keep(what, token);
  const [, claims, signature] = token.split(".");
  if (claims !== undefined) stand.planted.keep(`the claims of ${what}`, claims);
  if (signature) stand.planted.keep(`the signature of ${what}`, signature);
}

const paths = ["/adapters/telling/mcp", "/adapters/missing/mcp", "/mcp", "/servers/missing/mcp", "/adapters", "/audit"];

/** Posts a message to each path, and gives the statuses. */
async function sentWith(headers: Record<string, string>, query = ""): Promise<number[]> {
  const accept = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"result"}}';
  return Promise.all(
    paths.map(async (path) => {
      const url = new URL(path + query, stand.gateway.url);
      const response = await fetch(url, { method: "POST", headers: { ...accept, ...headers }, body });
      await response.text();
      return response.status;
    }),
  );
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const strange: [string, () => Promise<string>][] = [
  ["is over", () => tokenWith({ sub: "ada" }, { expiresInS: -100 })],
  ["begins later", () => tokenWith({ sub: "ada", nbf: 4_000_000_000 })],
  ["is for others", () => tokenWith({ sub: "ada", aud: "another" })],
  ["is another issuer's", () => tokenWith({ sub: "ada", iss: "https://issuer.example" })],
  ["is of nobody", () => tokenWith({ sub: undefined })],
  ["is an id token", () => tokenWith({ sub: "ada", scope: undefined, nonce: plant("a nonce") })],
  ["has a key that nobody knows", () => tokenWith({ sub: "ada" }, { header: { kid: plant("a key's name") } })],
  [
    "has an algorithm that there is not",
    async () => `${part({ alg: plant("an algorithm") })}.${good.split(".")[1]}.${plant("a signature")}`,
  ],
  ["has a type that there is not", () => tokenWith({ sub: "ada" }, { header: { typ: plant("a type") } })],
  ["has claims of other types", () => tokenWith({ sub: { a: plant("a claim") }, exp: plant("a time") })],
  ["is signed by nobody", async () => `${part({ alg: "none" })}.${good.split(".")[1]}.${plant("a signature")}`],
  ["is changed", async () => `${good.slice(0, -20)}${"A".repeat(20)}`],
  ["is no token", async () => plant("what is no token")],
  ["is too long", async () => plant("a long token") + "x".repeat(9000)],
  ["has parts that are no JSON", async () => `${plant("a header")}.${plant("claims")}.${plant("a signature")}`],
];

test.each(strange)("a token that %s is told nowhere", async (_what, make) => {
  const token = await make();
  keep("a bad token", token);
  expect(new Set(await sentWith(bearer(token)))).toEqual(new Set([401]));
  expect(await stand.leaks()).toEqual([]);
});

test("a good token is told nowhere, neither are its claims but who it is of", async () => {
  const claims = { jti: plant("an id"), email: plant("an address"), name: plant("a name"), own: plant("a claim") };
  const token = await tokenWith({ sub: "grace", ...claims });
  keep("another good token", token);
  expect(await sentWith(bearer(token))).toEqual([403, 404, 200, 404, 400, 405]);
  expect(await stand.leaks()).toEqual([]);
  expect(stand.gateway.log()).toContain('"principal":"grace"');
});

test("where a token does not belong it is told nowhere either", async () => {
  const token = await tokenWith({ sub: "ada" });
  keep("a token in the wrong place", token);
  await sentWith({}, `?access_token=${token}`);
  const places: Record<string, string>[] = [
    { authorization: `Basic ${token}` },
    { authorization: token },
    { authorization: `Bearer ${token}, Bearer ${token}` },
    { "proxy-authorization": `Bearer ${token}` },
    { cookie: `token=${token}` },
    { "x-ms-token-aad-access-token": token },
    { ...bearer(token), "mcp-session-id": token },
    { ...bearer(token), traceparent: token, tracestate: `a=${token}` },
  ];
  for (const headers of places) await sentWith(headers);
  expect(await stand.leaks()).toEqual([]);
});

test("what an MCP server is not given of a token it cannot tell", async () => {
  const client = clientOf(stand.gateway.url, bearer(good));
  await sentWith(bearer(good));
  const { data } = await api.getAdapterLogs({ client, path: { name: "telling" }, parseAs: "text" });
  const found = stand.planted.foundIn(String(data));
  expect(found.filter((what) => what.includes("token"))).toEqual([]);
});

test("when its issuer is gone, no token is told, nor what was asked of the issuer", async () => {
  await issuer.rotate();
  const token = await tokenWith({ sub: "ada" });
  keep("a token of an issuer that is gone", token);
  await issuer.down();
  expect((await sentWith(bearer(token))).every((status) => status >= 400)).toBe(true);
  expect(await stand.leaks()).toEqual([]);
});
