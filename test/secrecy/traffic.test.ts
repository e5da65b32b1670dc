import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { addTelling, openStand, type Stand } from "./stand.ts";

// Who waits whether a server is gone waits for seconds.
setDefaultTimeout(30_000);

/** Those of the telling server, and how their calls are answered at both adapters: what cannot be filtered breaks off. */
const answers: Record<string, [number, number | "broken off"]> = {
  result: [200, 200],
  "tool-error": [200, 200],
  error: [200, 200],
  status: [500, 500],
  redirect: [502, 502],
  "no-json": [200, "broken off"],
  "no-event": [200, "broken off"],
  "no-type": [200, 502],
  exit: [404, 404],
};
const tools = Object.keys(answers);

let stand: Stand;
const plant = (what: string) => stand.planted.plant(what);

beforeAll(async () => {
  stand = await openStand(() => ({}));
  await addTelling(stand, stand.gateway.as(), "telling");
  await addTelling(stand, stand.gateway.as(), "limited", { allowedTools: { "*": tools } });
}, 60_000);
afterAll(() => stand?.[Symbol.asyncDispose]());

type Headers = Record<string, string>;
const accept = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const adapters = ["/adapters/telling/mcp", "/adapters/limited/mcp"];

async function send(path: string, body: string, headers: Headers = {}): Promise<Response> {
  const url = new URL(path, stand.gateway.url);
  const response = await fetch(url, { method: "POST", headers: { ...accept, ...headers }, body, redirect: "manual" });
  await response.text().catch(() => {});
  return response;
}

const rpc = (method: string, params: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const call = (name: string, rest: Record<string, unknown> = {}) => rpc("tools/call", { name, arguments: {}, ...rest });

/** The headers of a new session, if there are any at this path. Its id is its client's alone. */
async function sessionAt(path: string): Promise<Headers> {
  const clientInfo = { name: plant("a client's name"), version: "1" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const begun = await send(path, rpc("initialize", params));
  expect(begun.status).toBe(200);
  const id = begun.headers.get("mcp-session-id");
  const session: Headers = id === null ? {} : { "mcp-session-id": stand.planted.keep("a session id", id) };
  return { "mcp-protocol-version": "2025-11-25", ...session };
}

test.each([
  ["authorization", "Bearer "],
  ["authorization", "Basic "],
  ["authorization", "ApiKey "],
  ["authorization", ""],
  ["proxy-authorization", "Basic "],
  ["cookie", "session="],
  ["x-api-key", ""],
  ["x-dev-name", ""],
  ["x-gateway-secret", ""],
  ["x-forwarded-access-token", ""],
  ["mcp-gateway-assertion", ""],
  ["mcp-session-id", ""],
  ["mcp-session-id", "g1."],
  ["last-event-id", ""],
  ["mcp-param-token", ""],
  ["referer", "https://page.example/?token="],
  ["baggage", "token="],
])("a value of the header %s is told nowhere, after %j", async (name, before) => {
  const value = () => ({ [name]: `${before}${plant(`a value of ${name}`)}` });
  for (const path of [...adapters, "/mcp"])
    await send(path, call("result"), { ...(await sessionAt(path)), ...value() });
  for (const path of ["/servers/missing/mcp", "/adapters", "/nowhere"]) await send(path, call("result"), value());
  expect(await stand.leaks()).toEqual([]);
});

test.each([
  ["GET", "/adapters/telling/mcp"],
  ["POST", "/adapters/telling/mcp"],
  ["DELETE", "/adapters/telling/mcp"],
  ["OPTIONS", "/adapters/telling/mcp"],
  ["POST", "/adapters/missing/mcp"],
  ["POST", "/mcp"],
  ["GET", "/mcp"],
  ["GET", "/adapters"],
  ["POST", "/adapters"],
  ["GET", "/adapters/telling"],
  ["DELETE", "/adapters/missing"],
  ["GET", "/audit"],
  ["GET", "/nowhere"],
])("a value in the query of %s %s is told nowhere", async (method, path) => {
  const url = new URL(`${path}?access_token=${plant("a value in a query")}`, stand.gateway.url);
  const leaving = new AbortController();
  const response = await fetch(url, { method, headers: accept, signal: leaving.signal, redirect: "manual" });
  leaving.abort();
  await response.text().catch(() => {});
  expect(await stand.leaks()).toEqual([]);
});

test.each(tools)("what the tool %s is asked and says stays between client and server", async (tool) => {
  const asked = () => ({ arguments: { a: plant("an argument") }, _meta: { own: plant("a value of _meta") } });
  const statuses: (number | "broken off")[] = [];
  for (const path of adapters) {
    const answered = await send(path, call(tool, asked()), await sessionAt(path)).catch(() => undefined);
    statuses.push(answered?.status ?? "broken off");
  }
  expect(statuses).toEqual(answers[tool] ?? []);
  for (const adapter of ["telling", "limited"]) {
    expect((await send("/mcp", call(`${adapter}_${tool}`, asked()))).status).toBe(200);
  }
  expect(await stand.leaks()).toEqual([]);
});

const modern = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };

test.each([
  ["resources/read", (value: string) => ({ uri: `file:///${value}` })],
  ["prompts/get", (value: string) => ({ name: "greet", arguments: { value } })],
  [
    "completion/complete",
    (value: string) => ({ ref: { type: "ref/prompt", name: "x" }, argument: { name: "a", value } }),
  ],
  ["logging/setLevel", (value: string) => ({ level: value })],
  ["tools/list", (value: string) => ({ cursor: value })],
  ["notifications/cancelled", (value: string) => ({ requestId: value, reason: value })],
  ["notifications/progress", (value: string) => ({ progressToken: value })],
  ["elicitation/create", (value: string) => ({ message: value })],
] as const)("a value in %s is told nowhere", async (method, params) => {
  for (const path of [...adapters, "/mcp"]) {
    await send(path, rpc(method, params(plant("a parameter"))), await sessionAt(path));
    const inModern = { ...params(plant("a parameter")), _meta: modern };
    await send(path, rpc(method, inModern), { "mcp-protocol-version": "2026-07-28", "mcp-method": method });
  }
  expect(await stand.leaks()).toEqual([]);
});

test.each([
  ["is no JSON", (value: string) => value],
  ["is a string", (value: string) => `"${value}"`],
  ["is a list of what is no JSON", (value: string) => `[${value}]`],
  ["is a list of a list", (value: string) => `[["${value}"]]`],
  [
    "is no JSON in its arguments",
    (value: string) => `{"method":"tools/call","params":{"name":"result","arguments":${value}}}`,
  ],
  [
    "has a string for parameters",
    (value: string) => `{"jsonrpc":"2.0","id":"${value}","method":"tools/call","params":"${value}"}`,
  ],
  ["has other types", (value: string) => `{"jsonrpc":"${value}","id":{"a":"${value}"},"method":7}`],
  [
    "has an object for a name",
    (value: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{"a":"${value}"}}}`,
  ],
  ["answers what nobody asked", (value: string) => `{"jsonrpc":"2.0","id":"${value}","result":{"a":"${value}"}}`],
  ["breaks off", (value: string) => `{"jsonrpc":"2.0","id":1,"${value}`],
  ["is too large", (value: string) => `{"${value}":"${"x".repeat(2_100_000)}"}`],
])("a value in a body that %s is told nowhere", async (_what, bodyOf) => {
  const body = () => bodyOf(plant("a part of a body"));
  for (const path of [...adapters, "/mcp"]) {
    await send(path, body(), await sessionAt(path));
    await send(path, body(), { "mcp-protocol-version": "2026-07-28" });
  }
  for (const path of ["/adapters", "/tools", "/servers"]) await send(path, body());
  expect(await stand.leaks()).toEqual([]);
});

test("what the REST API is given is told nowhere, whether it takes it or not", async () => {
  const client = stand.gateway.as();
  const taken = () => ({ PLAIN: plant("a variable"), HIDDEN: { secret: true as const, value: plant("a secret") } });
  const refused = () => ({ "NOT A NAME": plant("a variable without a name"), A: { value: plant("another shape") } });
  const body = { imageName: "telling", imageVersion: "1", replicaCount: 0 };
  for (const variables of [taken(), refused()]) {
    const given = { ...body, environmentVariables: variables as ReturnType<typeof taken> };
    await api.createAdapter({ client, body: { name: "written", ...given } });
    await api.updateAdapter({ client, path: { name: "written" }, body: { name: "written", ...given } });
    const toolDefinition = {
      tool: { name: "t", inputSchema: { type: "object" as const, default: plant("a schema") } },
    };
    await api.createTool({ client, body: { name: "t", ...given, toolDefinition } });
  }
  const pod = { template: { metadata: { annotations: { note: plant("an annotation") } } } };
  await api.createAdapter({ client, body: { name: "patched", ...body, pod } });
  for (const name of ["written", "patched"]) await api.deleteAdapter({ client, path: { name } });
  expect(await stand.leaks()).toEqual([]);
});

test("a guard tells nothing of what passes it", async () => {
  const path = "/adapters/limited/mcp";
  await send(path, call("result"), { ...(await sessionAt(path)), cookie: plant("a cookie") });
  const { data } = await api.getAdapterLogs({ client: stand.gateway.as(), path: { name: "limited" }, parseAs: "text" });
  const said = String(data);
  expect(said).toContain("guard: ");
  // Its server's own output is in there.
  expect(stand.planted.foundIn(said).filter((what) => what !== "what a server says")).toEqual([]);
});

test("what the gateway signs for guards is told nowhere", async () => {
  const path = "/adapters/telling/mcp";
  await send(path, call("result"), await sessionAt(path));
  await stand.leaks();
  const posts = stand.receiver.posts.map(({ body }) => Buffer.from(body).toString());
  // A JWS in its compact form: what it begins with is {" in Base64.
  expect([stand.gateway.log(), ...posts].join("\n")).not.toMatch(/eyJ[\w-]{10,}\.[\w-]{10,}/);
});

test("whatever names callers think of, each line of the log is one line of JSON, and none is theirs", async () => {
  const injected = '\n{"level":60,"msg":"injected"}\r\u2028\u0000\u001b[2J\ud800';
  for (const name of [injected, injected + "x".repeat(1_000_000)]) {
    const inHeader = encodeURIComponent(name.toWellFormed()).slice(0, 8000);
    for (const path of [...adapters, "/mcp"]) {
      await send(path, call(name), { ...(await sessionAt(path)), "x-dev-userid": inHeader, "x-dev-roles": inHeader });
      await send(path, rpc(name, {}), await sessionAt(path));
      await send(path, call("result"), { "mcp-protocol-version": inHeader, "mcp-method": inHeader });
    }
    for (const path of ["/adapters/X/mcp", "/servers/X/mcp", "/adapters/X", "/X"]) {
      await send(path.replace("X", inHeader), call("result"));
    }
    await send("/adapters", JSON.stringify({ name, imageName: name, imageVersion: name }));
  }
  await stand.leaks();
  const lines = stand.gateway.log().trim().split("\n");
  expect(lines.filter((line) => !isLogLine(line))).toEqual([]);
  expect(lines.filter((line) => line.includes('"msg":"injected"'))).toEqual([]);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(20_000);
  expect(Math.max(...stand.receiver.spans.map(({ name }) => name.length))).toBeLessThan(300);
});

function isLogLine(line: string): boolean {
  try {
    const { level, time, msg } = JSON.parse(line) as Record<string, unknown>;
    return ![level, time, msg].includes(undefined);
  } catch {
    return false;
  }
}
