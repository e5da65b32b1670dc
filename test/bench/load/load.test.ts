import { expect, test } from "bun:test";
import { listen } from "../upstream/listen.ts";
import { jsonAnswer, streamEvent, streamHead } from "../wire.ts";
import { driveRequests } from "./requests.ts";
import { driveStreams } from "./streams.ts";

/** A server whose answer to everything but initialize is `answer`, raw, followed by a close when that says so. */
function server(answer: (request: string) => { wire: string; close?: boolean }) {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        const request = bytes.toString("latin1");
        if (request.includes('"initialize"')) {
          socket.write("HTTP/1.1 200 OK\r\nMcp-Session-Id: s\r\nContent-Length: 2\r\n\r\n{}");
          return;
        }
        const { wire, close } = answer(request);
        socket.write(wire);
        if (close) socket.end();
      },
    },
  });
  const door = { origins: [`http://127.0.0.1:${listener.port}`], path: "/mcp" };
  return { door, [Symbol.dispose]: () => listener.stop(true) };
}

const timing = { warmupMs: 0, measureMs: 300 };
const requests = { shape: "json", connections: 1, proxyPids: [], upstreamPorts: [], ...timing } as const;
const streams = { streams: 3, warmupMs: 50, measureMs: 50, proxyPids: [] } as const;
const idOf = (request: string) => /"id":(\d+)/.exec(request)?.[1] ?? "";

test("right answers from one replica are requests, none of them failed", async () => {
  using one = server((request) => ({ wire: jsonAnswer(idOf(request), 7) }));
  const figures = await driveRequests({ door: one.door, ...requests });
  expect(figures.requests).toBeGreaterThan(0);
  expect(figures.failed).toBe(0);
});

test("large answers are requests when they arrive whole", async () => {
  using upstream = listen({ hostname: "127.0.0.1", port: 0 });
  const door = { origins: [`http://127.0.0.1:${upstream.port}`], path: "/mcp" };
  const order = { ...requests, door, shape: "large", connections: 4 } as const;
  const { requests: whole, failed } = await driveRequests(order);
  expect(whole).toBeGreaterThan(4);
  expect(failed).toBe(0);
});

test("an answer that differs in its last byte counts as failed", async () => {
  let calls = 0;
  using changing = server((request) => {
    const wire = jsonAnswer(idOf(request), 7);
    return { wire: ++calls === 1 ? wire : `${wire.slice(0, -1)}!` };
  });
  const figures = await driveRequests({ door: changing.door, ...requests });
  expect([figures.requests, figures.failed > 0]).toEqual([1, true]);
});

test("an answer from another replica than the session's first counts as failed", async () => {
  let calls = 0;
  using two = server((request) => ({ wire: jsonAnswer(idOf(request), ++calls === 1 ? 7 : 8) }));
  const figures = await driveRequests({ door: two.door, ...requests });
  expect(figures.failed).toBeGreaterThan(0);
  expect(figures.requests).toBeLessThanOrEqual(1);
});

test("an answer to somebody else's request counts as failed", async () => {
  using mixed = server(() => ({ wire: jsonAnswer("99999", 7) }));
  expect((await driveRequests({ door: mixed.door, ...requests })).failed).toBeGreaterThan(0);
});

test("an answer that is not 200 counts as failed", async () => {
  using broken = server((request) => ({ wire: jsonAnswer(idOf(request), 7).replace("200 OK", "502 Bad Gateway") }));
  const figures = await driveRequests({ door: broken.door, ...requests });
  expect(figures.failed).toBeGreaterThan(0);
  expect(figures.requests).toBe(0);
});

test("a lost connection counts as failed", async () => {
  using closing = server(() => ({ wire: "", close: true }));
  expect((await driveRequests({ door: closing.door, ...requests })).failed).toBe(1);
});

test("a stream that stays open is neither cut nor does it lose events", async () => {
  using steady = server(() => ({ wire: streamHead + streamEvent(1, 0) + streamEvent(2, 0) }));
  const figures = await driveStreams({ door: steady.door, ...streams });
  expect([figures.streams, figures.cut, figures.lost]).toEqual([3, 0, 0]);
});

test("a stream that ends before we end it counts as cut, whether its connection stays or goes", async () => {
  using ending = server(() => ({ wire: `${streamHead}0\r\n\r\n` }));
  expect((await driveStreams({ door: ending.door, ...streams })).cut).toBe(3);
  using closing = server(() => ({ wire: streamHead, close: true }));
  expect((await driveStreams({ door: closing.door, ...streams })).cut).toBe(3);
});

test("an event that is missing counts as lost", async () => {
  using gap = server(() => ({ wire: streamHead + streamEvent(1, 0) + streamEvent(3, 0) }));
  expect((await driveStreams({ door: gap.door, ...streams })).lost).toBe(3);
});

test("a refused initialize says what was answered", async () => {
  const refusing = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("no", { status: 403, headers: { "mcp-session-id": "s" } }),
  });
  const door = { origins: [refusing.url.origin], path: "/mcp" };
  await expect(driveRequests({ door, ...requests })).rejects.toThrow("403");
  await refusing.stop(true);
});
