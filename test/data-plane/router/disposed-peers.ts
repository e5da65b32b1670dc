import { usualPeerLimits } from "../../../gateway/data-plane/router/peers/limits.ts";
import { peers } from "../../../gateway/data-plane/router/peers/peers.ts";
import type { Resource } from "../../../gateway/store/store.ts";
import { alice, events, legacyAnswers, type Message, modernAnswers, principal, result, rpcError } from "./stand.ts";

/**
 * Uses peers in every way that leaves something open, disposes of them, and says what is left: event streams, and timers.
 * Ends by itself when nothing keeps the process.
 */
const timers = new Set<unknown>();
const {
  setTimeout: startTimeout,
  clearTimeout: stopTimeout,
  setInterval: startInterval,
  clearInterval: stopInterval,
} = globalThis;
Object.assign(globalThis, {
  setTimeout(run: () => void, ms: number) {
    const timer = startTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
    return timer;
  },
  setInterval(run: () => void, ms: number) {
    const timer = startInterval(run, ms);
    timers.add(timer);
    return timer;
  },
  clearTimeout(timer: Timer) {
    timers.delete(timer);
    stopTimeout(timer);
  },
  clearInterval(timer: Timer) {
    timers.delete(timer);
    stopInterval(timer);
  },
});

const streams = new Set<unknown>();
let opened = 0;

/** Says something and never ends. */
function endless(first: string): Response {
  const id = ++opened;
  streams.add(id);
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(first)),
    cancel: () => void streams.delete(id),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

const capabilities = { tools: { listChanged: true } };
const answer = (message: Message, { method }: Request): Response | Promise<Response> => {
  if (method === "GET" || message.method === "subscriptions/listen") return endless(": open\n\n");
  if (method === "DELETE") return new Response();
  if (message.params?.name === "endless") return endless(": working\n\n");
  // The answer is there, and its stream goes on.
  if (message.params?.name === "lingering") {
    return endless(`data: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, result: {} })}\n\n`);
  }
  if (message.params?.name === "polled") return events("id: 1\nretry: 20000\ndata:\n\n");
  return result(message, {});
};
const servers: Record<string, (message: Message, request: Request) => Response | Promise<Response>> = {
  legacy: legacyAnswers(answer, { session: () => crypto.randomUUID(), capabilities }),
  modern: modernAnswers(answer, capabilities),
  refusing: () => rpcError(null, -32603, "down", 503),
};

const pool = peers({
  async proxy(request, { adapter }) {
    const message = request.method === "POST" ? ((await request.clone().json()) as Message) : {};
    return (await servers[adapter]?.(message, request)) ?? new Response(null, { status: 404 });
  },
  now: Date.now,
  events: { upstreamFailed: () => {} },
  limits: usualPeerLimits,
});
const { signal } = new AbortController();
const calls = Object.keys(servers).flatMap((name) =>
  ["lingering", "endless", "polled", "plain"].map((tool) => {
    const adapter = { kind: "adapter", name, uid: name, revision: 1 } as Resource<"adapter">;
    const caller = { ...alice, principal: principal(tool), expiresAtMs: Date.now() + 60_000 };
    return { tool, answered: pool.request(adapter, caller, { method: "tools/call", params: { name: tool }, signal }) };
  }),
);
await Promise.all(calls.filter(({ tool }) => tool === "lingering" || tool === "plain").map(({ answered }) => answered));
while (streams.size < 12) await new Promise((resolve) => startTimeout(resolve, 5));
console.log(`${streams.size} streams open`);
await pool[Symbol.asyncDispose]();
await Promise.all(calls.map(({ answered }) => answered));
console.log(`disposed: ${streams.size} streams, ${timers.size} timers left`);
