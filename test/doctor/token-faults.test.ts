import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { clientOf } from "../support/client.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type MockIssuer, mockIssuer } from "../support/mock-issuer.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { examine, faults, stepOf } from "./examine.ts";
import { startMcpServer } from "./mcp-server.ts";

const stack = new AsyncDisposableStack();
let issuer: MockIssuer;
let other: MockIssuer;
let gateway: TestGateway;

beforeAll(async () => {
  issuer = stack.use(await mockIssuer());
  other = stack.use(await mockIssuer());
  const server = stack.use(startMcpServer());
  const store = stack.use(await temporaryStore());
  gateway = stack.use(
    await startGateway(
      { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "gateway", REQUIRED_SCOPES: "mcp.use" },
      { store, runtime: staticRuntime([endpointAt(server.origin, "weather-0")]) },
    ),
  );
  const client = clientOf(gateway.url, { authorization: `Bearer ${await good({ sub: "alice" })}` });
  const body = { name: "weather", imageName: "x", imageVersion: "1", requiredRoles: ["mcp.ops"] };
  expect((await api.createAdapter({ client, body })).response?.status).toBe(201);
});
afterAll(() => stack.disposeAsync());

const good = (claims: Record<string, unknown> = {}) =>
  issuer.token({ aud: "gateway", scope: "mcp.use", sub: "bob", roles: ["mcp.ops"], ...claims });
const nowS = () => Math.floor(Date.now() / 1000);

/** The mock issuer registers no clients, which is worth a word each time. */
const usual = "registration: no-registration?";

test.each<[string, () => Promise<string>, string[]]>([
  ["a good token", () => good(), [usual]],
  [
    "an expired token",
    () => issuer.token({ aud: "gateway", scope: "mcp.use", sub: "bob" }, { expiresInS: -600 }),
    [usual, "token: token-expired"],
  ],
  ["a token that ended before there were dates", () => good({ exp: -1e20 }), [usual, "token: token-expired"]],
  ["a token for later", () => good({ nbf: nowS() + 600 }), [usual, "token: token-not-yet-valid"]],
  ["a token for somebody else", () => good({ aud: "https://graph.example" }), [usual, "token: wrong-audience"]],
  [
    "a token for another adapter",
    () => good({ aud: `${gateway.url}/adapters/calendar/mcp` }),
    [usual, "token: wrong-audience"],
  ],
  ["an ID token", () => good({ nonce: "n", scope: undefined }), [usual, "token: id-token"]],
  [
    "another issuer's token",
    () => other.token({ aud: "gateway", scope: "mcp.use", sub: "bob" }),
    [usual, "token: wrong-issuer"],
  ],
  ["a token without the scope", () => good({ scope: "mcp.read" }), [usual, "token: missing-scope"]],
  ["a token without the role", () => good({ roles: ["mcp.other"] }), [usual, "token: forbidden"]],
  [
    "a token whose signature is another's",
    async () => `${(await good({ aud: gateway.url })).slice(0, -8)}AAAAAAAA`,
    [usual, "token: token-refused"],
  ],
  ["no JWT", async () => "0123456789abcdef", [usual, "token: token-refused"]],
])("%s", async (_what, token, expected) => {
  const diagnosis = await examine(gateway.mcpUrl("weather"), { token: await token() });
  expect(faults(diagnosis)).toEqual(expected);
});

test("what is said of a token names what it has and what is needed, and the setting", async () => {
  const url = gateway.mcpUrl("weather");
  const audience = stepOf(await examine(url, { token: await good({ aud: "https://graph.example" }) }), "token");
  expect(audience.got).toBe(`It is for https://graph.example, and the URL is ${url.href}.`);
  expect(audience.advice).toContain("OIDC_AUDIENCE");
  const scope = stepOf(await examine(url, { token: await good({ scope: "mcp.read" }) }), "token");
  expect(scope.got).toBe("It needs mcp.use, and the token has mcp.read.");
  expect(scope.advice).toContain("REQUIRED_SCOPES");
  const from = stepOf(await examine(url, { token: await other.token({ aud: "gateway", scope: "mcp.use" }) }), "token");
  expect(from.got).toBe(`It is from ${other.url}, and tokens are taken from ${issuer.url}.`);
});

test("after a refused token nothing is said of what lies behind the door", async () => {
  const { steps } = await examine(gateway.mcpUrl("weather"), { token: "0123456789abcdef" });
  const behind = steps.slice(steps.findIndex(({ id }) => id === "token") + 1);
  expect(new Set(behind.map(({ got }) => got))).toEqual(new Set(["The caller was not let in."]));
});

test("an issuer whose keys the gateway cannot read", async () => {
  const gone = await mockIssuer();
  const { url } = gone;
  const token = await gone.token({ aud: "gateway", scope: "mcp.use", sub: "bob" });
  await gone.down();
  await using server = startMcpServer();
  await using store = await temporaryStore();
  const runtime = staticRuntime([endpointAt(server.origin, "weather-0")]);
  await using late = await startGateway({ OIDC_ISSUER: url, OIDC_AUDIENCE: "gateway" }, { store, runtime });
  const diagnosis = await examine(late.mcpUrl("weather"), { token });
  expect(faults(diagnosis)).toEqual(["issuer: issuer-unreachable", "token: issuer-unavailable"]);
});
