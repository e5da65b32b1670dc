import { afterEach, beforeEach, expect, test } from "bun:test";
import { errorIn, type ToolStand, toolStand } from "./tool-stand.ts";

type Seen = { method: string; target: string; headers: Record<string, string>; body: string };

let stack: DisposableStack;
let stand: ToolStand;
let seen: Seen[];

beforeEach(() => {
  stack = new DisposableStack();
  stand = stack.use(toolStand());
  seen = [];
  stand.setReplicas(serve());
});
afterEach(() => stack.dispose());

function serve(): string {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method } = request;
      const headers = request.headers.toJSON() as Record<string, string>;
      seen.push({ method, target: pathname + search, headers, body: await request.text() });
      return Response.json({ ok: true });
    },
  });
  stack.defer(() => void server.stop(true));
  return server.url.href;
}

test("the arguments are posted to the tool's path as they came", async () => {
  expect(await stand.call({ city: "Zürich", days: [1, null] })).toEqual({
    content: [{ type: "text", text: '{"ok":true}' }],
  });
  expect(seen[0]).toMatchObject({ method: "POST", target: "/score", body: '{"city":"Zürich","days":[1,null]}' });
});

test("a tool is told who calls, how, and in which trace, and nothing else", async () => {
  const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=b" };
  await stand.call({}, { caller: { trace } });
  const { host, "content-length": _length, ...headers } = seen[0]?.headers ?? {};
  expect(host).toStartWith("127.0.0.1:");
  expect(headers).toEqual({
    accept: "application/json",
    "accept-encoding": "identity",
    "content-type": "application/json",
    forwarded: 'for="[2001:db8::7]";proto=https;host="mcp.example.com:8443"',
    "x-mcp-roles": "mcp.dev,mcp.engineer",
    "x-mcp-userid": "zo%C3%AB",
    "x-request-id": "abc-1",
    ...trace,
  });
});

test("a trace context that could end a header line is left out", async () => {
  await stand.call({}, { caller: { trace: { traceparent: "00-1\r\nx-mcp-userid: root", tracestate: "ü" } } });
  expect(seen[0]?.headers).not.toContainAnyKeys(["traceparent", "tracestate"]);
  expect(seen[0]?.headers["x-mcp-userid"]).toBe("zo%C3%AB");
});

test("missing arguments are none, and the tool still gets an object", async () => {
  await stand.call(undefined);
  expect(seen[0]?.body).toBe("{}");
});

test("the method and the path of the tool's properties are honoured", async () => {
  for (const method of ["POST", "PUT", "PATCH", "GET", "DELETE"] as const) {
    await stand.call({ a: 1 }, { tool: { type: "http", properties: { method, path: "/own" } } });
  }
  expect(seen.map(({ method, target, body, headers }) => [method, target, body, headers["content-type"]])).toEqual([
    ["POST", "/own", '{"a":1}', "application/json"],
    ["PUT", "/own", '{"a":1}', "application/json"],
    ["PATCH", "/own", '{"a":1}', "application/json"],
    ["GET", "/own?a=1", "", undefined],
    ["DELETE", "/own?a=1", "", undefined],
  ]);
  seen = [];
  await stand.call({}, { tool: { properties: { method: "GET" } }, definition: { path: "/defined" } });
  await stand.call({}, { tool: { type: "function", properties: { method: "GET", path: "/own" } } });
  expect(seen.map(({ method, target }) => [method, target])).toEqual([
    ["GET", "/defined"],
    ["POST", "/score"],
  ]);
});

test("arguments as a query", async () => {
  const cases: [Record<string, unknown>, string][] = [
    [{}, "/score"],
    [{ city: "Bern" }, "/score?city=Bern"],
    [{ n: 1.5, yes: true, no: false, empty: "" }, "/score?n=1.5&yes=true&no=false&empty="],
    [{ none: null }, "/score"],
    [{ list: ["a", 2, null, true] }, "/score?list=a&list=2&list=true"],
    [{ list: [] }, "/score"],
    [{ where: { lat: 1 } }, "/score?where=%7B%22lat%22%3A1%7D"],
    [{ list: [{ a: 1 }, [1, 2]] }, "/score?list=%7B%22a%22%3A1%7D&list=%5B1%2C2%5D"],
    [{ "a&b=c": "d&e=f#g" }, "/score?a%26b%3Dc=d%26e%3Df%23g"],
    [{ city: "Zürich +\r\n", half: "\ud800" }, "/score?city=Z%C3%BCrich+%2B%0D%0A&half=%EF%BF%BD"],
    [JSON.parse('{"__proto__":"x"}'), "/score?__proto__=x"],
  ];
  for (const [args, target] of cases) {
    await stand.call(args, { tool: { type: "http", properties: { method: "GET" } } });
    expect(seen.at(-1)?.target).toBe(target);
  }
});

test("arguments that are too long for a query are refused, and not sent", async () => {
  const result = await stand.call(
    { city: "x".repeat(16_000) },
    { tool: { type: "http", properties: { method: "GET" } } },
  );
  expect(errorIn(result)).toBe("Error: The tool cannot be called: the arguments are too long for its query.");
  expect(seen).toEqual([]);
});

test("arguments that do not match the inputSchema are refused in words, and not sent", async () => {
  const inputSchema = {
    type: "object" as const,
    properties: { city: { type: "string" }, days: { type: "integer", maximum: 5 } },
    required: ["city"],
  };
  const about = "Error: The arguments do not match the tool's inputSchema: ";
  const cases: [unknown, string][] = [
    [undefined, `${about}arguments.city is missing.`],
    [{ days: 6 }, `${about}arguments.city is missing; arguments.days must be <= 5.`],
    [{ city: 1 }, `${about}arguments.city must be string.`],
    [null, `${about}arguments must be object.`],
    [["Bern"], `${about}arguments must be object.`],
  ];
  for (const [args, words] of cases) expect(errorIn(await stand.call(args, { tool: { inputSchema } }))).toBe(words);
  expect(seen).toEqual([]);
});

test("the ready replicas share the calls", async () => {
  const counts = [0, 0];
  const urls = counts.map((_, instance) => {
    const fetch = () => {
      counts[instance] = (counts[instance] ?? 0) + 1;
      return Response.json({});
    };
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
    stack.defer(() => void server.stop(true));
    return server.url.href;
  });
  stand.setReplicas(...urls);
  for (let call = 0; call < 60; call++) await stand.call({});
  expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(60);
  expect(Math.min(...counts)).toBeGreaterThan(5);
});
