import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { forwardBySocket, usualLimits } from "../../../gateway/data-plane/forward.ts";
import { filterToolLists } from "../../../gateway/data-plane/tool-filter.ts";
import { endpointAt } from "../../support/static-runtime.ts";
import { until } from "../../support/until.ts";
import { allowed, listIds, listOf } from "./streams.ts";
import { unseen } from "../../../gateway/data-plane/seen.ts";

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const eventStream = { headers: { "content-type": "text/event-stream" } };

/** Serves at an origin until the test is over. */
function serve(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: answer, error: () => undefined });
  stack.defer(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

/** A gateway reduced to its client and the filter, before a server. */
function filtering(upstream: string): string {
  const sockets = stack.use(forwardBySocket(usualLimits, Date.now));
  return serve(async (client) => {
    const { method } = client;
    const body = method === "GET" ? null : "{}";
    const request = { method, target: "/", headers: {}, body, client, seen: unseen };
    const sent = await sockets.forward(request, endpointAt(upstream, "x-0"));
    if (sent.state !== "answered") return new Response(sent.state, { status: 502 });
    return filterToolLists(sent.response, allowed, listIds);
  });
}

test("a JSON answer arrives filtered and whole, with no length that is not its own", async () => {
  const names = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? "read" : `drop${i}`));
  const upstream = serve(() => Response.json(JSON.parse(listOf(1, ...names))));
  const response = await fetch(filtering(upstream), { method: "POST" });
  expect(await response.text()).toBe(listOf(1, ...names.filter((name) => name === "read")));
});

test.each(["POST", "GET"])("events of an answer to %s arrive one by one, as they are sent", async (method) => {
  let send: ((text: string) => void) | undefined;
  const upstream = serve(() => {
    const body = new ReadableStream({
      start(controller) {
        send = (text) => controller.enqueue(new TextEncoder().encode(text));
        send("id: 1\ndata:\n\n");
      },
    });
    return new Response(body, eventStream);
  });
  const abort = new AbortController();
  const response = await fetch(filtering(upstream), { method, signal: abort.signal });
  let seen = "";
  const reading = (async () => {
    for await (const bytes of response.body as ReadableStream<Uint8Array>) seen += new TextDecoder().decode(bytes);
  })().catch(() => {});
  let expected = method === "GET" ? ":\n\nid: 1\ndata:\n\n" : "id: 1\ndata:\n\n";
  for (const [sent, got] of [
    ["", ""],
    [": still here\n\n", ": still here\n\n"],
    [`id: 2\ndata: ${listOf(1, "read", "drop")}\n\n`, `id: 2\ndata: ${listOf(1, "read")}\n\n`],
  ] as const) {
    if (sent) send?.(sent);
    expected += got;
    await until("the event is there", () => seen.length >= expected.length);
    expect(seen).toBe(expected);
  }
  abort.abort();
  await reading;
});

test.each(["POST", "GET"])("a client that gives up its %s is gone for the server too", async (method) => {
  const ended = Promise.withResolvers<void>();
  const upstream = serve((request) => {
    request.signal.addEventListener("abort", () => ended.resolve());
    return new Response(new ReadableStream({ start: (events) => events.enqueue(": open\n\n") }), eventStream);
  });
  const abort = new AbortController();
  const response = await fetch(filtering(upstream), { method, signal: abort.signal });
  await response.body?.getReader().read();
  abort.abort();
  await ended.promise;
});

test("a stream that breaks a limit lets the server go, and why is told once", async () => {
  const ended = Promise.withResolvers<void>();
  const cancel = () => ended.resolve();
  const pull = (events: ReadableStreamDefaultController<Uint8Array>) => events.enqueue(Buffer.from("data: x"));
  const response = new Response(new ReadableStream({ pull, cancel }), eventStream);
  const told: string[] = [];
  const refused = (reason: string) => told.push(reason);
  const filtered = filterToolLists(response, allowed, listIds, { maxHeldBytes: 100, refused });
  await expect(filtered.text()).rejects.toBeNull();
  await ended.promise;
  expect(told).toEqual(["an event is larger than 100 bytes"]);
});

test.each(["POST", "GET"])("a client that does not read the answer to its %s holds the server back", async (method) => {
  let sentBytes = 0;
  const chunk = Buffer.from(`data: ${"x".repeat(64 * 1024)}\n\n`);
  const pull = (events: ReadableStreamDefaultController) => {
    sentBytes += chunk.length;
    events.enqueue(chunk);
  };
  const upstream = serve(() => new Response(new ReadableStream({ pull }), eventStream));
  const { hostname, port } = new URL(filtering(upstream));
  const socket = connect(Number(port), hostname);
  stack.defer(() => void socket.destroy());
  socket.write(`${method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
  let before = 0;
  await until("the server stops sending", async () => {
    await Bun.sleep(200);
    const stopped = sentBytes > 0 && sentBytes === before;
    before = sentBytes;
    return stopped || sentBytes > 200 * 1024 * 1024;
  });
  expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
});

test.each([
  ["POST", "text/event-stream", "data: 1\r\n\r\n"],
  ["POST", "text/event-stream", `data: ${listOf(1, "read", "drop").slice(0, 60)}`],
  ["GET", "text/event-stream", "data: 1\r\n\r\n"],
  ["POST", "application/json", listOf(1, "read", "drop").slice(0, 60)],
])("a server that dies in the middle of its answer to %s, %s, is seen as broken off", async (method, type, part) => {
  const dying = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
        socket.write(`${head}${part.length.toString(16)}\r\n${part}\r\n`);
        setTimeout(() => socket.terminate(), 50);
      },
    },
  });
  stack.defer(() => dying.stop(true));
  const url = filtering(`http://127.0.0.1:${dying.port}`);
  const text = fetch(url, { method }).then((response) => response.text());
  await expect(text).rejects.toThrow("socket connection was closed unexpectedly");
});

test("a list that breaks the filter is broken off for the client, and none of it arrives", async () => {
  const unreadable = listOf(1, "read", "drop").replace('"object"', "NaN");
  const upstream = serve(() => new Response(`: a\n\ndata: ${unreadable}\n\n`, eventStream));
  let seen = "";
  const reading = (async () => {
    const response = await fetch(filtering(upstream), { method: "POST" });
    for await (const bytes of response.body as ReadableStream<Uint8Array>) seen += new TextDecoder().decode(bytes);
  })();
  await expect(reading).rejects.toThrow("socket connection was closed unexpectedly");
  expect(seen).not.toContain("drop");
});
