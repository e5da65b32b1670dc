import { expect, test } from "bun:test";
import { listen } from "../upstream/listen.ts";
import { driveAborts } from "./aborts.ts";
import { abortPhases } from "./orders.ts";

const here = { hostname: "127.0.0.1", port: 0 };
const orderTo = (port: number, upstream: number) => ({
  door: { origins: [`http://127.0.0.1:${port}`], path: "/mcp" },
  upstreamPorts: [upstream],
  firstId: 100,
  times: 2,
});

/** Carries bytes both ways, and keeps its upstream's connection when the client has gone. */
function forgetfulProxy(upstreamPort: number) {
  type Client = { toUpstream: Promise<{ write(bytes: Buffer): number; terminate(): void }> };
  const upstreams: Client["toUpstream"][] = [];
  const listener = Bun.listen<Client>({
    ...here,
    socket: {
      open(client) {
        const data = (_: unknown, bytes: Buffer) => void client.write(bytes);
        const toUpstream = Bun.connect({ hostname: here.hostname, port: upstreamPort, socket: { data } });
        upstreams.push(toUpstream);
        client.data = { toUpstream };
      },
      data: ({ data }, bytes) => void data.toUpstream.then((upstream) => upstream.write(bytes)),
    },
  });
  return {
    port: listener.port,
    async [Symbol.asyncDispose]() {
      listener.stop(true);
      for (const upstream of await Promise.all(upstreams)) upstream.terminate();
    },
  };
}

test("an upstream sees its clients leave in every phase", async () => {
  using upstream = listen(here);
  let firstId = 100;
  for (const phase of abortPhases) {
    firstId += 10;
    const order = { ...orderTo(upstream.port, upstream.port), phase, firstId, timeoutMs: 5000 };
    const { seenAfterUs, unseen } = await driveAborts(order);
    expect([seenAfterUs.length, unseen]).toEqual([2, 0]);
  }
});

test("a proxy that tells its upstream nothing is found out", async () => {
  using upstream = listen(here);
  await using proxy = forgetfulProxy(upstream.port);
  const order = { ...orderTo(proxy.port, upstream.port), phase: "before the head", timeoutMs: 200 } as const;
  expect(await driveAborts(order)).toEqual({ seenAfterUs: [], unseen: 2 });
});

test("a proxy that answers a request which is held is found out", async () => {
  using upstream = listen(here);
  const over = new AbortController();
  using proxy = Bun.serve({
    ...here,
    async fetch(request) {
      const body = await request.text();
      if (body.includes("initialize")) return new Response("{}", { headers: { "mcp-session-id": "s" } });
      const held = fetch(`http://127.0.0.1:${upstream.port}/mcp`, { method: "POST", body, signal: over.signal });
      held.catch(() => {});
      return new Response("no", { status: 504 });
    },
  });
  const order = { ...orderTo(proxy.port ?? 0, upstream.port), phase: "before the head", timeoutMs: 200 } as const;
  await expect(driveAborts(order)).rejects.toThrow("a request held before the head: not within 0.2 s");
  over.abort();
});
