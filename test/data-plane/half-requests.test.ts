import { heapStats } from "bun:jsc";
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type RawClient, rawClient } from "../support/raw-client.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { type WaitingServer, waitingServer } from "../support/waiting-server.ts";
import { firsts, halves, lasting } from "./half-requests.ts";

/** Bun looks at its timeouts every 4 s, so that an idle client is gone after 8 to 12 s; that many clients on a busy machine need some. */
const idleSeconds = 8;
/** For the head of a connection's first request it has 10 s of its own. */
const allGoneMs = 30_000;

type Named = { readonly name: string; readonly client: RawClient };

let opening: AsyncDisposableStack;
let server: WaitingServer;
let plain: TestGateway;
const idle: Named[] = [];
const waiting: (Named & { readonly beginning: string; readonly rest: string })[] = [];

beforeAll(async () => {
  opening = new AsyncDisposableStack();
  server = opening.use(waitingServer());
  const store = opening.use(await temporaryStore());
  const replicas = opening.use(staticRuntime([endpointAt(server.origin, "x-0")]));
  const runtime = { ...replicas, logs: async () => ({ state: "open", lines: server.silence("") }) as const };
  const start = (settings = {}) => startGateway(settings, { store, runtime }, (events) => events, idleSeconds);
  plain = opening.use(await start());
  const gateways = {
    "without limits": plain,
    "with counted streams": opening.use(await start({ MAX_STREAMS: "1000" })),
  };
  for (const adapter of [{ name: "x" }, { name: "policed", allowedTools: { "*": ["t"] } }]) {
    const body = { imageName: "x", imageVersion: "1", ...adapter };
    await api.createAdapter({ client: plain.as(), body, throwOnError: true });
  }
  for (const [how, { url }] of Object.entries(gateways)) {
    for (const [first, before] of firsts) {
      const open = (what: string, bytes: string) => ({
        name: `${how}: ${what} behind ${first}`,
        client: opening.use(rawClient(url, ...before, bytes)),
      });
      for (const [half, bytes] of halves) idle.push(open(half, bytes));
      for (const { what, bytes, beginning, rest } of lasting) waiting.push({ ...open(what, bytes), beginning, rest });
    }
  }
});
afterAll(() => opening.disposeAsync());

/** Whoever is still there then is named by the test. */
const untilIdleAreGone = () =>
  until("the idle are let go", () => idle.every(({ client }) => !client.isOpen()), allGoneMs).catch(() => {});

test("a client that asks for nothing, or half of it, is let go, whatever came before", async () => {
  await untilIdleAreGone();
  expect(idle.filter(({ client }) => client.isOpen()).map(({ name }) => name)).toEqual([]);
}, 60_000);

test("none is let go that waits for an answer, however silent that is, and whatever came before", async () => {
  await untilIdleAreGone();
  const lost = waiting.filter(({ client, beginning }) => !client.isOpen() || !client.heard().includes(beginning));
  expect(lost.map(({ name }) => name)).toEqual([]);
  server.goOn();
  const unanswered = () => waiting.filter(({ client, rest }) => !client.heard().includes(rest));
  await until("the rest has come", () => unanswered().length === 0).catch(() => {});
  expect(unanswered().map(({ name }) => name)).toEqual([]);
}, 60_000);

test("400 requests that stay half leave nothing in memory when they are let go", async () => {
  const held = () => heapStats().objectTypeCounts["Request"] ?? 0;
  Bun.gc(true);
  const before = held();
  const kinds = halves.filter(([half]) => half === "half a body" || half === "half a body in chunks");
  const clients = kinds.flatMap(([, bytes]) =>
    Array.from({ length: 200 }, () => opening.use(rawClient(plain.url, bytes))),
  );
  await until("the gateway has them", () => held() >= before + 400);
  await until("they are let go", () => clients.every((client) => !client.isOpen()), allGoneMs);
  await until("nothing is left of them", () => {
    Bun.gc(true);
    return held() <= before;
  });
}, 60_000);
