import { describe, expect, test } from "bun:test";
import { type Given, examine, faults, quickLimits, stepOf } from "./examine.ts";
import { asks, type Plant, rpcError, startMcpServer } from "./mcp-server.ts";

type Planted = Given & { modern?: boolean };

async function found(plant?: Plant, given: Planted = {}): Promise<string[]> {
  await using server = startMcpServer(plant, given);
  return faults(await examine(server.url, given));
}

const sessionOf = (request: Request) => request.headers.get("mcp-session-id");
const page = (status: number) =>
  new Response("<html><title>Welcome</title></html>", { status, headers: { "content-type": "text/html" } });
const never = () => new Promise<Response>(() => undefined);

/** Instead of what a session that is over is answered by. */
const staleAs =
  (status: number): Plant =>
  async (_request, _body, right) => {
    const answer = await right();
    const isStale = answer.status === 404 && (await answer.clone().text()).includes("Session not found");
    return isStale ? rpcError(status, "No valid session") : answer;
  };

/** With other headers. */
async function headed(answer: Response | Promise<Response>, headers: Record<string, string>): Promise<Response> {
  const { body, status, headers: given } = await answer;
  const all = new Headers(given);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return new Response(body, { status, headers: all });
}

test("a server that does all that it should has nothing wrong with it, with one era or with both", async () => {
  expect(await found()).toEqual([]);
  expect(await found(undefined, { modern: false })).toEqual([]);
});

describe("the session", () => {
  test.each<[string, Plant, string[]]>([
    ["a stale id answered 400", staleAs(400), ["stale-id: stale-id-400"]],
    ["a stale id answered 500", staleAs(500), ["stale-id: stale-id-500"]],
    ["a stale id answered 410", staleAs(410), ["stale-id: stale-id-other"]],
    ["a stale id answered 200 with an error", staleAs(200), ["stale-id: stale-id-other"]],
    [
      "a server that knows no ping",
      async (_request, body, right) => {
        const answer = await right();
        if (!asks(body, "ping") || answer.status !== 200) return answer;
        const error = { code: -32601, message: "Method not found" };
        return Response.json({ jsonrpc: "2.0", id: idOf(body), error });
      },
      [],
    ],
    [
      "any id is taken",
      (request, body, right) =>
        asks(body, "ping") && sessionOf(request) ? pong(body) : request.method === "DELETE" ? ok() : right(),
      ["stale-id: stale-id-accepted", "revision: version-unchecked?"],
    ],
    [
      "DELETE answered 500",
      (request) => (request.method === "DELETE" ? rpcError(500, "oops") : undefined),
      ["delete: delete-refused"],
    ],
    [
      "DELETE that ends nothing",
      (request) => (request.method === "DELETE" ? ok() : undefined),
      ["ended: session-outlives-delete"],
    ],
    [
      "a session id that changes",
      (_request, body, right) => (asks(body, "ping") ? headed(right(), { "mcp-session-id": "another" }) : undefined),
      ["pin: session-id-changes"],
    ],
    [
      "a session id with a space",
      (_request, body, right) => (asks(body, "initialize") ? headed(right(), { "mcp-session-id": "a b" }) : undefined),
      ["session-id: invisible-session-id"],
    ],
    [
      "a session id with a letter that is not ASCII",
      (_request, body, right) =>
        asks(body, "initialize") ? headed(right(), { "mcp-session-id": "caf\u00e9" }) : undefined,
      ["session-id: invisible-session-id"],
    ],
    [
      "a notification answered with a body",
      (_request, body) => (asks(body, "notifications/initialized") ? Response.json({}) : undefined),
      ["initialized: initialized-refused?"],
    ],
    [
      "a revision that is not looked at",
      (request, body) => (request.headers.get("mcp-protocol-version") === "1999-01-01" ? pong(body) : undefined),
      ["revision: version-unchecked?"],
    ],
  ])("%s", async (_what, plant, expected) => {
    expect(await found(plant)).toEqual(expected);
  });

  test("requests of one session that go to two servers", async () => {
    let calls = 0;
    const everySecond: Plant = (_request, body) =>
      asks(body, "ping") && ++calls % 2 === 0 ? rpcError(404, "Session not found") : undefined;
    await using server = startMcpServer(everySecond);
    const diagnosis = await examine(server.url);
    expect(faults(diagnosis)).toEqual(["pin: session-unpinned"]);
    expect(stepOf(diagnosis, "pin").got).toStartWith("2 of 4 calls were answered.");
    expect(stepOf(diagnosis, "stream").outcome).toBe("skipped");
    // It cannot be ended in order, and is not left behind.
    expect(server.sessions()).toBe(0);
  });
});

describe("the GET stream", () => {
  const onGet =
    (answer: () => Response | Promise<Response>): Plant =>
    (request) =>
      request.method === "GET" ? answer() : undefined;

  test.each<[string, Plant, string[]]>([
    ["GET answered 404", onGet(() => rpcError(404, "Nothing here")), ["stream: get-404"]],
    ["GET answered 405", onGet(() => rpcError(405, "Method not allowed")), []],
    ["GET answered 500", onGet(() => rpcError(500, "oops")), ["stream: get-refused"]],
    ["GET answered by a web page", onGet(() => page(200)), ["stream: get-not-stream"]],
    ["GET never answered", onGet(never), ["stream: stream-held-back"]],
  ])("%s", async (_what, plant, expected) => {
    expect(await found(plant)).toEqual(expected);
  });

  test("a proxy that collects whole answers", async () => {
    const collecting: Plant = async (_request, _body, right) => {
      const answer = await right();
      return new Response(await answer.text(), answer);
    };
    expect(await found(collecting)).toEqual(["stream: stream-held-back", "modern-stream: stream-held-back"]);
  });

  test("a proxy that lets headers through and collects events", async () => {
    const collecting: Plant = async (_request, body, right) => {
      const answer = await right();
      if (!asks(body, "subscriptions/listen")) return answer;
      return new Response(new ReadableStream({ start: (events) => events.enqueue(":\n\n") }), answer);
    };
    await using server = startMcpServer((request, body, right) => collecting(request, body, right));
    const diagnosis = await examine(server.url);
    expect(faults(diagnosis)).toEqual(["modern-stream: stream-held-back"]);
    expect(stepOf(diagnosis, "modern-stream").advice).toContain("proxy_buffering off");
  });

  test("a stream that is cut, one that ends, and one that ends and can be resumed", async () => {
    const afterwards = (end: (stream: ReadableStreamDefaultController<string>) => void, first = ":\n\n") =>
      onGet(() => {
        const source = {
          start(stream: ReadableStreamDefaultController<string>) {
            stream.enqueue(first);
            setTimeout(() => end(stream), 30);
          },
        };
        return new Response(new ReadableStream(source), { headers: { "content-type": "text/event-stream" } });
      });
    const limits = { ...quickLimits, watchMs: 2_000 };
    const modern = false;
    const cut = afterwards((stream) => stream.error(null));
    expect(await found(cut, { limits, modern })).toEqual(["stream: stream-cut"]);
    const ended = afterwards((stream) => stream.close());
    expect(await found(ended, { limits, modern })).toEqual(["stream: stream-cut?"]);
    const resumable = afterwards((stream) => stream.close(), "id: 1\nretry: 1000\ndata:\n\n");
    expect(await found(resumable, { limits, modern })).toEqual([]);
  });
});

describe("the era", () => {
  const onProbe =
    (answer: () => Response | Promise<Response>): Plant =>
    (_request, body) =>
      asks(body, "server/discover") ? answer() : undefined;

  test.each<[string, Plant, string[]]>([
    ["a probe answered 500", onProbe(() => rpcError(500, "oops")), ["era: probe-5xx"]],
    ["a probe answered 502 by a proxy", onProbe(() => page(502)), ["era: probe-5xx"]],
    ["nobody ready", () => rpcError(503, "No replica is ready"), ["era: not-ready"]],
    ["a web page for every path", () => page(200), ["era: not-mcp"]],
    ["no page for any path", () => page(404), ["initialize: wrong-path"]],
    ["JSON that is no message", onProbe(() => Response.json({ status: "up" })), ["era: not-mcp"]],
    [
      "promises that are not kept",
      (request, body) =>
        request.headers.get("mcp-protocol-version") === "2026-07-28" && !asks(body, "server/discover")
          ? rpcError(400, "Unsupported protocol version")
          : undefined,
      ["modern-tools: era-mismatch"],
    ],
    [
      "a session in the era without",
      (request, body, right) =>
        asks(body, "tools/list") && !sessionOf(request) ? headed(right(), { "mcp-session-id": "s" }) : undefined,
      ["modern-tools: modern-session-id?"],
    ],
    [
      "headers that nobody compares",
      (request, body) => {
        const isOther = request.headers.get("mcp-method") === "prompts/list" && asks(body, "tools/list");
        return isOther ? answerTo(body, { tools: [], resultType: "complete" }) : undefined;
      },
      ["modern-headers: headers-unchecked?"],
    ],
    [
      "no legacy era",
      (request, body) =>
        asks(body, "initialize") || request.method === "GET"
          ? rpcError(400, "Unsupported protocol version")
          : undefined,
      ["initialize: modern-only?"],
    ],
    ["too many requests", onProbe(() => rpcError(429, "Slow down")), ["door: rate-limited?", "era: rate-limited?"]],
  ])("%s", async (_what, plant, expected) => {
    expect(await found(plant)).toEqual(expected);
  });

  test.each([400, 404, 405])("%p for the probe is no fault of a server with sessions only", async (status) => {
    expect(
      await found(
        onProbe(() => rpcError(status, "What?")),
        { modern: false },
      ),
    ).toEqual([]);
  });
});

describe("initialize and the list", () => {
  const legacyOnly = { modern: false };

  test.each<[string, Plant, string[]]>([
    ["refused", on("initialize", () => rpcError(400, "No")), ["initialize: initialize-refused"]],
    ["failed", on("initialize", () => rpcError(500, "oops")), ["initialize: initialize-refused"]],
    [
      "answered for another request",
      on("initialize", () => Response.json({ jsonrpc: "2.0", id: "x", result: {} })),
      ["initialize: malformed-answer"],
    ],
    ["answered without a revision", on("initialize", (body) => answerTo(body, {})), ["initialize: malformed-answer"]],
    ["an old transport", oldTransport, ["initialize: sse-only"]],
    ["tools refused", on("tools/list", () => rpcError(500, "oops")), ["tools: tools-refused"]],
    ["tools that are none", on("tools/list", (body) => answerTo(body, { tools: {} })), ["tools: tools-refused"]],
    [
      "many tools",
      on("tools/list", (body) => answerTo(body, { tools: Array(500).fill({ name: "a".repeat(300) }) })),
      ["tools: many-tools?"],
    ],
  ])("%s", async (_what, plant, expected) => {
    expect(await found(plant, legacyOnly)).toEqual(expected);
  });

  test("a list whose pages have no end is not read for ever", async () => {
    let pages = 0;
    const endless = on("tools/list", (body) => {
      pages++;
      return answerTo(body, { tools: [], nextCursor: `after-${pages}` });
    });
    await using server = startMcpServer(endless, legacyOnly);
    const diagnosis = await examine(server.url);
    expect(stepOf(diagnosis, "tools").got).toBe(
      "0 tools, about 1 token of a model's context, and there are more pages.",
    );
    expect(pages).toBe(20);
  });

  test("a server that says it has no tools need not list any", async () => {
    const without: Plant = async (_request, body, right) => {
      if (asks(body, "initialize")) {
        const answer = await right();
        return new Response((await answer.text()).replace(/"tools":\{[^}]*\}/, ""), answer);
      }
      const error = { code: -32601, message: "Method not found" };
      return asks(body, "tools/list") ? Response.json({ jsonrpc: "2.0", id: idOf(body), error }) : right();
    };
    expect(await found(without, legacyOnly)).toEqual([]);
  });
});

function on(method: string, answer: (body: string) => Response | Promise<Response>): Plant {
  return (_request, body) => (asks(body, method) ? answer(body) : undefined);
}

/** HTTP+SSE (2024-11-05): posts go to where the stream says. */
function oldTransport(request: Request): Response {
  if (request.method !== "GET") return rpcError(405, "Method not allowed");
  const stream = new ReadableStream({
    start: (events) => events.enqueue("event: endpoint\ndata: /messages?session=1\n\n"),
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
}

const ok = () => new Response(null, { status: 200 });
const idOf = (body: string) => (JSON.parse(body) as { id: number }).id;
const answerTo = (body: string, result: unknown) => Response.json({ jsonrpc: "2.0", id: idOf(body), result });
const pong = (body: string) => answerTo(body, {});
