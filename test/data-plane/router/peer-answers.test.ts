import { afterEach, beforeEach, expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import {
  events,
  legacyAnswers,
  type Message,
  methodsOf,
  modernAnswers,
  peerStand,
  result,
  rpcError,
  type Stand,
  scripted,
} from "./stand.ts";

let stack: AsyncDisposableStack;
let stand: Stand;
beforeEach(() => {
  stack = new AsyncDisposableStack();
  stand = stack.use(peerStand({ openMs: 500 }));
});
afterEach(() => stack.disposeAsync());

/** What a tool call gets from a modern server that answers so. */
async function answerTo(answer: (message: Message) => Response) {
  const server = stack.use(scripted(modernAnswers(answer)));
  stand.setReplicas(server.url);
  stand.update();
  const heard: { method: string }[] = [];
  const answered = await stand.call("t", {}, { heard, caller: { logLevel: "debug" } });
  return answered.state === "unavailable" ? answered.reason : answered;
}

const ok = ({ id }: Message, text = "fine") => ({ jsonrpc: "2.0", id, result: { text } });
const json = (body: string, status = 200) =>
  new Response(body, { status, headers: { "content-type": "application/json" } });
const log = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } };

test("answers in every form of the transport are read", async () => {
  const fine = { state: "result", result: { text: "fine" } };
  expect(await answerTo((message) => json(JSON.stringify(ok(message))))).toEqual(fine as never);
  expect(await answerTo((message) => json(JSON.stringify([log, ok(message)])))).toEqual(fine as never);
  expect(await answerTo((message) => events(": hello\n\n", "id: 1\ndata:\n\n", log, ok(message)))).toEqual(
    fine as never,
  );
  const split = (message: Message) =>
    `data: {"jsonrpc":"2.0",\r\ndata: "id":${message.id},"result":{"text":"fine"}}\r\n\r\n`;
  expect(await answerTo((message) => events(split(message)))).toEqual(fine as never);
});

const broken = "The MCP server broke off before it answered";
const notJson = "The MCP server answered with something that is not JSON";

test("garbage is no answer, and why is said in words", async () => {
  expect(await answerTo(() => json("{"))).toBe(notJson);
  expect(await answerTo(() => json("12"))).toBe("The MCP server answered with something that is not JSON-RPC");
  expect(await answerTo(() => events("data: <html>\n\n"))).toBe(notJson);
  expect(await answerTo(() => new Response("<html>", { headers: { "content-type": "text/html" } }))).toBe(
    "The MCP server answered with neither JSON nor an event stream",
  );
  expect(await answerTo(() => new Response(null, { status: 202 }))).toBe(broken);
  expect(await answerTo(({ id }) => json(JSON.stringify({ jsonrpc: "2.0", id, result: [] })))).toBe(
    "The MCP server answered with neither a result nor an error",
  );
  expect(await answerTo(({ id }) => json(JSON.stringify({ jsonrpc: "2.0", id, error: { code: "x" } })))).toBe(
    "The MCP server answered with neither a result nor an error",
  );
  expect(stand.failures).toHaveLength(7);
});

test("an answer to another request is not taken for this one's", async () => {
  expect(await answerTo(({ id = 0 }) => json(JSON.stringify(ok({ id: id + 1 }))))).toBe(broken);
  expect(await answerTo(({ id = 0 }) => events(ok({ id: id + 1 }, "other"), ok({ id })))).toEqual({
    state: "result",
    result: { text: "fine" },
  });
  expect(await answerTo(({ id }) => json(JSON.stringify({ ...ok({}), id: String(id) })))).toBe(broken);
});

test("an error that names no request is that of the only one", async () => {
  expect(await answerTo(() => rpcError(null, -32600, "No"))).toEqual({
    state: "error",
    error: { code: -32600, message: "No" },
  });
});

test("a stream that ends in the middle of an event is no answer", async () => {
  expect(await answerTo((message) => events(log, `data: ${JSON.stringify(ok(message))}`))).toBe(broken);
});

test("a stream that dies is no answer", async () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  const event = `data: ${JSON.stringify(log)}\n\n`;
  const chunk = `${event.length.toString(16)}\r\n${event}\r\n`;
  const discovered = { supportedVersions: ["2026-07-28"], capabilities: {} };
  using server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        const body = bytes.toString().split("\r\n\r\n")[1] ?? "";
        const { id, method } = JSON.parse(body) as Message;
        if (method !== "server/discover") {
          socket.write(head + chunk);
          socket.end();
          return;
        }
        const answer = JSON.stringify({ jsonrpc: "2.0", id, result: discovered });
        socket.write(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
        );
      },
    },
  });
  stand.setReplicas(`http://127.0.0.1:${server.port}/mcp`);
  const heard: { method: string }[] = [];
  const answered = await stand.call("t", {}, { heard, caller: { logLevel: "debug" } });
  expect(answered).toEqual({ state: "unavailable", reason: broken });
  expect(heard).toHaveLength(1);
});

test("more than 16 MiB is broken off, in JSON, in one event, and in many", async () => {
  const tooLarge = "The MCP server's answer is larger than 16777216 bytes";
  const mib = "x".repeat(1024 * 1024);
  expect(await answerTo((message) => json(JSON.stringify(ok(message, mib.repeat(20)))))).toBe(tooLarge);
  expect(await answerTo((message) => events(ok(message, mib.repeat(20))))).toBe(tooLarge);
  const event = `data: ${JSON.stringify({ ...log, params: { level: "info", data: mib } })}\n\n`;
  const stream = { headers: { "content-type": "text/event-stream" } };
  expect(await answerTo(() => new Response(endless(event), stream))).toBe(tooLarge);
  expect(await answerTo((message) => json(JSON.stringify(ok(message, mib.repeat(15)))))).toMatchObject({
    state: "result",
  });
});

/** The same again and again, as long as somebody reads. */
function endless(text: string): ReadableStream {
  return new ReadableStream({ pull: (controller) => controller.enqueue(text) });
}

test("a status that is no success is said in words, with what the server says in one line", async () => {
  const cases: [Response, string][] = [
    [
      json(`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"a\\n\\u0007b"}}`, 401),
      "The MCP server asks for a login of its own, which the gateway does not have: a b",
    ],
    [new Response("<html>", { status: 403 }), "The MCP server may not be used by this caller"],
    [
      new Response("", { status: 429, headers: { "retry-after": "7" } }),
      "The MCP server takes no more requests for now. Try again in 7 s.",
    ],
    [
      json(JSON.stringify({ error: { message: "y".repeat(1000) } }), 503),
      `The MCP server failed (HTTP 503): ${"y".repeat(300)}`,
    ],
    [new Response(endless("z".repeat(1000)), { status: 500 }), "The MCP server failed (HTTP 500)"],
  ];
  for (const [response, reason] of cases) expect(await answerTo(() => response)).toBe(reason);
});

test("a refusal that is not for want of a session or an era is taken for what it is, and nothing is asked twice", async () => {
  for (const status of [401, 403, 429, 500]) {
    await using refused = peerStand();
    const closed = stack.use(scripted(() => new Response("", { status })));
    refused.setReplicas(closed.url);
    expect(await refused.call("t")).toMatchObject({ state: "unavailable" });
    expect(methodsOf(closed)).toEqual(["server/discover"]);

    await using later = peerStand();
    const open = stack.use(scripted(modernAnswers(() => new Response("", { status }))));
    later.setReplicas(open.url);
    expect(await later.call("t")).toMatchObject({ state: "unavailable" });
    expect(methodsOf(open)).toEqual(["server/discover", "tools/call"]);
  }
});

test("an error in an HTTP failure that answers the request is the server's own", async () => {
  expect(await answerTo(({ id }) => rpcError(id ?? 0, -32601, "Method not found", 404))).toEqual({
    state: "error",
    error: { code: -32601, message: "Method not found" },
  });
});

test("a server that asks its client for something without end is left", async () => {
  const ask = (id: number) => ({ jsonrpc: "2.0", id, method: "roots/list" });
  const many = legacyAnswers(
    (message) =>
      message.method === "tools/call"
        ? events(...Array.from({ length: 500 }, (_, i) => ask(i)), ok(message))
        : new Response(null, { status: 202 }),
    { session: () => "s" },
  );
  const server = stack.use(scripted(many));
  stand.setReplicas(server.url);
  expect(await stand.call("t")).toEqual({
    state: "unavailable",
    reason: "The MCP server asks its client for too much",
  });
  const refusals = () => methodsOf(server).filter((method) => method === "response").length;
  await until("what it asked for is refused", () => refusals() === 100);
});

test("a server without a session that asks its client for something cannot be told, so its call is over", async () => {
  const answers = legacyAnswers((message) =>
    events({ jsonrpc: "2.0", id: 1, method: "sampling/createMessage" }, ok(message)),
  );
  stand.setReplicas(stack.use(scripted(answers)).url);
  expect(await stand.call("t")).toEqual({
    state: "unavailable",
    reason: "The MCP server asks its client for sampling/createMessage, which the tool router cannot carry",
  });
});

test("a server that does not say what it is in time is unavailable, for a while", async () => {
  const silent = stack.use(scripted(() => new Promise(() => {})));
  stand.setReplicas(silent.url);
  const reason = "The MCP server did not answer within 0.5 s";
  expect(await stand.call("t")).toEqual({ state: "unavailable", reason });
  expect(await stand.call("t")).toEqual({ state: "unavailable", reason });
  expect(methodsOf(silent)).toEqual(["server/discover"]);
});

test("a server that could not be reached is asked again after a while", async () => {
  await using brief = peerStand({ unreachableMs: 50 });
  let isUp = false;
  const answers = modernAnswers((message) => result(message, {}));
  const server = stack.use(
    scripted((message, request) => (isUp ? answers(message, request) : new Response("", { status: 500 }))),
  );
  brief.setReplicas(server.url);
  expect(await brief.call("t")).toEqual({ state: "unavailable", reason: "The MCP server failed (HTTP 500)" });
  isUp = true;
  await until("it is asked again", async () => (await brief.call("t")).state === "result");
});

test("a server of no known revision, or of none, is unavailable in words", async () => {
  const old = (message: Message) =>
    message.method === "initialize"
      ? result(message, { protocolVersion: "2024-11-05", capabilities: {} })
      : rpcError(null, -32000, "no", 400);
  stand.setReplicas(stack.use(scripted(old)).url);
  expect(await stand.call("t")).toEqual({
    state: "unavailable",
    reason: "The MCP server speaks no revision of the protocol that the tool router knows",
  });
  await using other = peerStand();
  other.setReplicas(stack.use(scripted(() => new Response("", { status: 404 }))).url);
  expect(await other.call("t")).toEqual({
    state: "unavailable",
    reason: "The MCP server does not know what it was asked",
  });
  await using none = peerStand();
  expect(await none.call("t")).toEqual({
    state: "unavailable",
    reason: "The MCP server failed (HTTP 503): No replica of the MCP server is ready",
  });
});
