import { afterEach, beforeEach, expect, test } from "bun:test";
import { startReferenceServer } from "../../conformance/reference.ts";
import { until } from "../../support/until.ts";
import {
  alice,
  legacyAnswers,
  type Message,
  methodsOf,
  modernAnswers,
  peerStand,
  result,
  type Stand,
  scripted,
} from "./stand.ts";
import { v1Server } from "./v1-server.ts";

let stack: AsyncDisposableStack;
let stand: Stand;
let changes: { adapter: string; accessKey: string; list: string }[];
beforeEach(() => {
  stack = new AsyncDisposableStack();
  changes = [];
  stand = stack.use(peerStand({ rewatchMs: { first: 10, longest: 50 } }));
  stand.peers.subscribe((change) => void changes.push(change));
});
afterEach(() => stack.disposeAsync());

const aliceKey = '["dev:alice","mcp.dev"]';
const listChanged = { tools: { listChanged: true }, resources: { listChanged: true }, prompts: {} };

/** A stream that the test writes to. */
function eventStream() {
  let controller: ReadableStreamDefaultController<string> | undefined;
  let isOver = false;
  const body = new ReadableStream<string>({
    start: (given) => {
      controller = given;
      // Bun sends the head with the first byte.
      given.enqueue(": open\n\n");
    },
    cancel: () => {
      isOver = true;
    },
  });
  return {
    response: new Response(body as never, { headers: { "content-type": "text/event-stream" } }),
    send: (text: string) => controller?.enqueue(text),
    close: () => controller?.close(),
    isOver: () => isOver,
  };
}
type EventStream = ReturnType<typeof eventStream>;

const changed = (list: string) => `data: {"jsonrpc":"2.0","method":"notifications/${list}/list_changed"}\n\n`;

/** A legacy server with a session whose GET streams the test has. */
function watchedServer(
  streams: EventStream[],
  answer: (message: Message) => Response = (message) => result(message, {}),
) {
  const answers = legacyAnswers(
    (message, request) => {
      if (request.method !== "GET") return request.method === "POST" ? answer(message) : new Response();
      const stream = eventStream();
      streams.push(stream);
      return stream.response;
    },
    { session: () => "s", capabilities: listChanged },
  );
  return stack.use(scripted(answers));
}

test("a modern server's changes are told to whoever has subscribed, as long as they do", async () => {
  stand.setReplicas(stack.use(await startReferenceServer()).url);
  const others: unknown[] = [];
  const unsubscribe = stand.peers.subscribe((change) => void others.push(change));
  await stand.call("replica");
  await until("the change is told", async () => {
    await stand.call("test_trigger_tool_change");
    return changes.length > 0;
  });
  expect(changes[0]).toEqual({ adapter: "x", accessKey: aliceKey, list: "tools" });
  await until("so is the other", async () => {
    await stand.call("test_trigger_prompt_change");
    return changes.some(({ list }) => list === "prompts");
  });
  unsubscribe();
  const heard = others.length;
  changes.length = 0;
  await until("the next is told, too", async () => {
    await stand.call("test_trigger_tool_change");
    return changes.length > 0;
  });
  expect(others).toHaveLength(heard);
});

test("a session's changes are told", async () => {
  const server = stack.use(v1Server());
  stand.setReplicas(server.url);
  await stand.call("count");
  await until("the change is told", () => {
    server.changeTools();
    return changes.length > 0;
  });
  expect(changes[0]).toEqual({ adapter: "x", accessKey: aliceKey, list: "tools" });
});

test("one stream is kept, for the lists of which the server says that it tells; others are not told", async () => {
  const streams: EventStream[] = [];
  stand.setReplicas(watchedServer(streams).url);
  for (const _ of [1, 2, 3]) await stand.call("t");
  await until("the stream is open", () => streams.length === 1);
  streams[0]?.send(changed("prompts") + changed("resources") + changed("tools"));
  await until("changes are told", () => changes.length === 2);
  expect(changes.map(({ list }) => list)).toEqual(["resources", "tools"]);
  expect(streams).toHaveLength(1);
});

test("a modern server is asked for the lists of which it says that it tells", async () => {
  const stream = eventStream();
  const answers = modernAnswers(
    (message) => (message.method === "subscriptions/listen" ? stream.response : result(message, {})),
    listChanged,
  );
  const server = stack.use(scripted(answers));
  stand.setReplicas(server.url);
  await stand.call("t");
  await until("it is asked", () => methodsOf(server).includes("subscriptions/listen"));
  const listen = server.got.find((message) => (message as Message).method === "subscriptions/listen") as Message;
  expect(listen.params?.notifications).toEqual({ toolsListChanged: true, resourcesListChanged: true });
});

test("a stream that ends is opened again, and whoever listens is told that something may have changed meanwhile", async () => {
  const streams: EventStream[] = [];
  stand.setReplicas(watchedServer(streams).url);
  await stand.call("t");
  await until("it is open", () => streams.length === 1);
  expect(changes).toEqual([]);
  streams[0]?.close();
  await until("it is open again", () => streams.length === 2 && changes.length === 2);
  expect(changes.map(({ list }) => list)).toEqual(["tools", "resources"]);
});

test("a stream that can be resumed is, and nobody is told of what was not missed", async () => {
  const streams: EventStream[] = [];
  const server = watchedServer(streams);
  stand.setReplicas(server.url);
  await stand.call("t");
  await until("it is open", () => streams.length === 1);
  streams[0]?.send("id: e-7\ndata:\n\n");
  streams[0]?.close();
  await until("it is open again", () => streams.length === 2);
  streams[1]?.send(changed("tools"));
  await until("the change is told", () => changes.length > 0);
  expect(changes.map(({ list }) => list)).toEqual(["tools"]);
  expect(server.requests.findLast(({ method }) => method === "GET")?.headers.get("last-event-id")).toBe("e-7");
});

test("a server that refuses the stream is not asked again", async () => {
  const refusing = legacyAnswers(
    (message, { method }) => (method === "GET" ? new Response(null, { status: 405 }) : result(message, {})),
    { session: () => "s", capabilities: listChanged },
  );
  const server = stack.use(scripted(refusing));
  stand.setReplicas(server.url);
  await stand.call("t");
  await until("it has refused", () => methodsOf(server).includes("GET"));
  for (let i = 0; i < 20; i++) await stand.call("t");
  expect(methodsOf(server).filter((method) => method === "GET")).toHaveLength(1);
});

test("a server that cannot give the stream now is asked again", async () => {
  let asked = 0;
  const stream = eventStream();
  const busy = legacyAnswers(
    (message, { method }) => {
      if (method !== "GET") return result(message, {});
      return ++asked < 4 ? new Response(null, { status: 503 }) : stream.response;
    },
    { session: () => "s", capabilities: listChanged },
  );
  stand.setReplicas(stack.use(scripted(busy)).url);
  await stand.call("t");
  await until("the stream is open", () => asked === 4);
});

test("the stream ends with the token, and is there again with the next one", async () => {
  const streams: EventStream[] = [];
  stand.setReplicas(watchedServer(streams).url);
  await stand.call("t", {}, { caller: { expiresAtMs: Date.now() + 300 } });
  await until("it is open", () => streams.length === 1);
  await until("it is over", () => streams[0]?.isOver());
  await stand.call("t", {}, { caller: { expiresAtMs: Date.now() - 1 } });
  expect(streams).toHaveLength(1);
  await stand.call("t", {}, { caller: { expiresAtMs: Date.now() + 60_000 } });
  await until("it is open again", () => streams.length === 2);
});

test("what a server asks for on the stream is refused there, and a ping answered", async () => {
  const streams: EventStream[] = [];
  const server = watchedServer(streams);
  stand.setReplicas(server.url);
  await stand.call("t");
  await until("the stream is open", () => streams.length === 1);
  streams[0]?.send(
    'data: {"jsonrpc":"2.0","id":"a","method":"roots/list"}\n\ndata: {"jsonrpc":"2.0","id":2,"method":"ping"}\n\n',
  );
  const answers = () => server.got.filter((one) => typeof one !== "string" && one.method === undefined) as Message[];
  await until("both are answered", () => answers().length === 2);
  expect(answers().find(({ id }) => (id as unknown) === "a")?.error).toMatchObject({ code: -32601 });
  expect(answers().find(({ id }) => id === 2)?.result).toEqual({});
});

test("the stream does not keep a connection that nobody uses; both end", async () => {
  await using brief = peerStand({ idleMs: 100 });
  const streams: EventStream[] = [];
  const server = watchedServer(streams);
  brief.setReplicas(server.url);
  await brief.ask("tools/list", {}, { caller: alice });
  await until("the stream is over", () => streams[0]?.isOver());
  await until("the session is over", () => methodsOf(server).includes("DELETE"));
  expect(streams).toHaveLength(1);
});

test("hostile events end a stream without harm, and it is opened again", async () => {
  const streams: EventStream[] = [];
  stand.setReplicas(watchedServer(streams).url);
  await stand.call("t");
  const hostile = ["data: {\n\n", `data: ${"x".repeat(2 * 1024 * 1024)}`, "data: null\n\ndata: 12\n\ndata: []\n\n"];
  for (const [i, text] of hostile.entries()) {
    await until("the stream is open", () => streams.length === i + 1);
    streams[i]?.send(text);
  }
  streams[2]?.send(changed("tools"));
  await until("the last one still works", () => changes.some(({ list }) => list === "tools"));
});
