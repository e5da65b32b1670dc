import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import { audienceOf } from "../../gateway/assertion/assertion.ts";
import { keysIn } from "../../gateway/assertion/jwks.ts";
import { type SigningKey, signingKeyFrom } from "../../gateway/assertion/keys.ts";
import { type About, assertionSigner } from "../../gateway/assertion/signer.ts";
import { guardPort } from "../../injector/pod/names.ts";
import { openMcpSession } from "../support/mcp-session.ts";
import { type GatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { steadyClients } from "./steady-client.ts";
import {
  adapterOf,
  clusterOfFile,
  kubectl,
  namespace,
  podLimitMs,
  podsOf,
  register,
  startGatewayOn,
  whenReady,
} from "./support.ts";

// Late, as kubelets are: a key that was used at once would not be known.
const volumeRefreshMs = 3_000;
const { clusterTest, cluster } = await clusterOfFile("guards before the replicas of adapters", { volumeRefreshMs });
const secrets = [
  "the first key of this gateway and it is long enough",
  "the second key of this gateway and long enough too",
];
const [key, nextKey] = secrets.map(signingKeyFrom) as [SigningKey, SigningKey];
const settleSeconds = 8;
const stack = new AsyncDisposableStack();
let gateway: GatewayProcess;
let keysFile: string;

beforeAll(async () => {
  if (!cluster()) return;
  const { path } = stack.use(await temporaryDirectory());
  keysFile = join(path, "keys");
  await Bun.write(keysFile, secrets[0] as string);
  const settings = { GATEWAY_KEYS_FILE: keysFile, GUARD_KEY_SETTLE_SECONDS: String(settleSeconds) };
  gateway = stack.use(await startGatewayOn(cluster(), path, settings));
  for (const name of ["weather", "other"]) await register(gateway.as(), adapterOf(name));
  for (const name of ["weather", "other"]) await whenReady(gateway.as(), name, 1);
}, podLimitMs * 2);
afterAll(() => stack.disposeAsync(), podLimitMs);

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
});

/** Straight to the guard of an adapter's first pod, past the gateway. */
async function askGuard(adapter: string, headers: Record<string, string>): Promise<Response> {
  const [pod] = await podsOf(cluster(), adapter);
  return await fetch(`http://${pod?.status?.podIP}:${guardPort}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: initialize,
  });
}

const about: About = {
  principal: { key: "dev:ada", id: "ada", name: "Ada", roles: [] },
  audience: audienceOf(namespace, "weather"),
  session: undefined,
  pod: undefined,
};

function assertion(changes: Partial<About> = {}, { by = key, agoMs = 0 } = {}): string {
  return assertionSigner({ key: () => by, now: () => Date.now() - agoMs })({ ...about, ...changes });
}

function tampered(token: string): string {
  const [head, claims = "", signature] = token.split(".");
  const forged = { ...JSON.parse(Buffer.from(claims, "base64url").toString()), sub: "root" };
  return [head, Buffer.from(JSON.stringify(forged)).toString("base64url"), signature].join(".");
}

clusterTest("the gateway's word opens the guard of the adapter that it is for", async () => {
  const answer = await askGuard("weather", { "mcp-gateway-assertion": assertion() });
  expect(answer.status).toBe(200);
});

const refused: [string, () => Record<string, string>][] = [
  ["nothing", () => ({})],
  ["a caller's own token", () => ({ authorization: "Bearer x" })],
  ["identity headers", () => ({ "x-mcp-userid": "root", "x-mcp-roles": "mcp.admin" })],
  ["an assertion that has expired", () => ({ "mcp-gateway-assertion": assertion({}, { agoMs: 71_000 }) })],
  [
    "an assertion for another namespace",
    () => ({ "mcp-gateway-assertion": assertion({ audience: "team-b/weather" }) }),
  ],
  [
    "an assertion that another adapter has had",
    () => ({ "mcp-gateway-assertion": assertion({ audience: audienceOf(namespace, "other") }) }),
  ],
  ["an assertion that was changed", () => ({ "mcp-gateway-assertion": tampered(assertion()) })],
  ["an assertion by a key of somebody else", () => ({ "mcp-gateway-assertion": assertion({}, { by: nextKey }) })],
  [
    "an assertion for another pod",
    () => ({ "mcp-gateway-assertion": assertion({ session: "s", pod: "another" }), "mcp-session-id": "s" }),
  ],
  [
    "an assertion for another session",
    () => ({ "mcp-gateway-assertion": assertion({ session: "s" }), "mcp-session-id": "t" }),
  ],
];
for (const [what, headers] of refused) {
  clusterTest(`${what} does not open a guard`, async () => {
    const answer = await askGuard("weather", headers());
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ jsonrpc: "2.0", error: { code: -32600, message: "Forbidden" }, id: null });
  });
}

clusterTest("the published keys are public halves only, and no other object holds them", async () => {
  const text = await kubectl(cluster(), "get", "configmap", "mcp-gateway-jwks", "-o=jsonpath={.data.jwks\\.json}");
  expect(keysIn(text)).toMatchObject([{ kid: key.kid, x: key.x }]);
  expect(text).not.toContain('"d"');
});

clusterTest(
  "a new key comes and the old one goes under constant traffic, and no call is lost",
  async () => {
    await using clients = await steadyClients(gateway.mcpUrl("weather"), 6);
    await using newcomers = newSessions(gateway.mcpUrl("weather"));
    const kids = async () => {
      const text = await kubectl(cluster(), "get", "configmap", "mcp-gateway-jwks", "-o=jsonpath={.data.jwks\\.json}");
      return keysIn(text)?.map(({ kid }) => kid);
    };
    // At once, as somebody in a hurry does it: sessions live on by the old one, so it stays behind the new one.
    await Bun.write(keysFile, `${secrets[1]},${secrets[0]}`);
    await until("both keys are published", async () => (await kids())?.length === 2, podLimitMs);
    expect(await kids()).toEqual([nextKey.kid, key.kid]);
    const isUsed = async () => {
      const answer = await askGuard("weather", { "mcp-gateway-assertion": assertion({}, { by: nextKey }) });
      return answer.status === 200;
    };
    await until("guards know the new key", isUsed, podLimitMs);
    await until("it is used", () => gateway.log().includes(`"signing":"${nextKey.kid}"`), podLimitMs);
    const [before, opened] = [clients.calls(), newcomers.opened()];
    await until("calls go on", () => clients.calls().every((calls, at) => calls > (before[at] ?? 0) + 100), podLimitMs);
    await until("sessions are opened by the new key", () => newcomers.opened() > opened + 20, podLimitMs);
    expect([...clients.wrong(), ...newcomers.wrong]).toEqual([]);
    expect(clients.renewed()).toEqual([0, 0, 0, 0, 0, 0]);
  },
  podLimitMs * 4,
);

/** Sessions that are opened one after the other: each has an assertion of its own. */
function newSessions(url: URL) {
  const wrong: string[] = [];
  let opened = 0;
  let over = false;
  const opening = open();
  return {
    opened: () => opened,
    wrong,
    async [Symbol.asyncDispose]() {
      over = true;
      await opening;
    },
  };

  async function open(): Promise<void> {
    while (!over) {
      const session = await openMcpSession(url, "dev");
      const status = await session.statusOf("counter");
      if (status !== 200) wrong.push(`call: ${status}`);
      opened += 1;
      await Bun.sleep(20);
    }
  }
}
