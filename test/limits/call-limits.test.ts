import { expect, test } from "bun:test";
import {
  type Admitted,
  callLimits,
  type LimitedCall,
  type LimitSettings,
} from "../../gateway/data-plane/limits/call-limits.ts";
import type { Limited } from "../../gateway/data-plane/limits/limited.ts";
import { until } from "../support/until.ts";

const off: LimitSettings = { requestsPerMinute: undefined, streams: undefined, sessions: undefined };
const start = Date.UTC(2026, 10, 23, 9, 0, 0);

function stand(settings: Partial<LimitSettings>) {
  const limits = callLimits({ settings: { ...off, ...settings }, now: () => start });
  const admit = (changes: Partial<LimitedCall> = {}) =>
    limits.admit({
      principalKey: "dev:ada",
      adapter: "weather",
      httpMethod: "POST",
      method: "tools/call",
      session: undefined,
      ...changes,
    });
  /** One whole call, answered like this. */
  const call = (changes: Partial<LimitedCall> = {}, answer = new Response("{}")) => {
    const admission = admit(changes);
    if (admission.state === "limited") return admission.what;
    using admitted = admission;
    return admitted.answered(answer);
  };
  return { limits, admit, call };
}

const listen = { method: "subscriptions/listen" };
const stream = { httpMethod: "GET", method: "GET" };
const initialize = { method: "initialize" };
const eventStream = (body: BodyInit | ReadableStream | null = "data: 1\n\n") =>
  new Response(body as BodyInit, { headers: { "content-type": "text/event-stream" } });
const withSession = (id: string) => new Response("{}", { headers: { "mcp-session-id": id } });
const isAdmitted = (admission: Admitted | Limited): admission is Admitted => admission.state === "admitted";

test("without limits every answer goes through as it came, whatever is asked", () => {
  const { call } = stand({});
  for (const changes of [{}, stream, listen, initialize]) {
    const answer = eventStream();
    expect(call(changes, answer)).toBe(answer);
    expect(answer.headers.has("ratelimit")).toBe(false);
  }
});

test("calls are counted for each principal and adapter, and each answer says what is left", () => {
  const { call } = stand({ requestsPerMinute: 2 });
  const first = call() as Response;
  expect(first.headers.get("ratelimit")).toBe('"gateway";r=1;t=65');
  expect(first.headers.get("ratelimit-policy")).toBe('"gateway";q=2;w=60');
  expect([call(), call()]).toEqual([expect.any(Response), "requests"]);
  expect(call({ principalKey: "dev:bob" })).toBeInstanceOf(Response);
  expect(call({ adapter: "maps" })).toBeInstanceOf(Response);
});

test("the era probe, pings, notifications, answers, streams and ends are neither counted nor refused", () => {
  const { call } = stand({ requestsPerMinute: 1 });
  const free: Partial<LimitedCall>[] = [
    { method: "server/discover" },
    { method: "ping" },
    { method: "notifications/cancelled" },
    { method: "response" },
    stream,
    { httpMethod: "DELETE", method: "DELETE" },
  ];
  for (const changes of free) expect((call(changes) as Response).headers.has("ratelimit")).toBe(false);
  expect(call()).toBeInstanceOf(Response);
  for (const changes of free) expect(call(changes)).toBeInstanceOf(Response);
  for (const method of ["tools/list", "initialize", "batch", "subscriptions/listen", "GET", "DELETE"]) {
    expect([method, call({ method })]).toEqual([method, "requests"]);
  }
});

test("a stream counts until its body has ended, over all adapters of one principal", async () => {
  const { call } = stand({ streams: 2 });
  const first = call(stream, eventStream()) as Response;
  const second = call({ ...listen, adapter: "maps" }, eventStream()) as Response;
  expect([call(stream), call({ ...listen, adapter: "other" })]).toEqual(["streams", "streams"]);
  expect(call()).toBeInstanceOf(Response);
  expect(call({ ...stream, principalKey: "dev:bob" })).toBeInstanceOf(Response);
  expect(await first.text()).toBe("data: 1\n\n");
  expect(call(stream, eventStream())).toBeInstanceOf(Response);
  expect(call(stream)).toBe("streams");
  await second.body?.cancel();
  expect(call(stream, eventStream())).toBeInstanceOf(Response);
});

test("a stream that breaks off, or comes to nothing, does not count any longer", async () => {
  const { admit, call } = stand({ streams: 1 });
  const breaking = new ReadableStream({
    pull: (controller) => controller.error(new Error("the replica is gone")),
  });
  const broken = call(stream, eventStream(breaking)) as Response;
  await expect(broken.text()).rejects.toThrow("the replica is gone");
  const refused = new Response("no streams here", { status: 405 });
  expect(call(stream, refused)).toBe(refused);
  expect(call(stream, eventStream(null))).toBeInstanceOf(Response);
  const neverAnswered = admit(stream);
  expect(call(stream)).toBe("streams");
  if (isAdmitted(neverAnswered)) neverAnswered[Symbol.dispose]();
  expect(call(stream, eventStream())).toBeInstanceOf(Response);
});

test("a client that goes away gives its stream back", async () => {
  const { call } = stand({ streams: 1 });
  await using upstream = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: () =>
      eventStream(
        new ReadableStream({
          start: (controller) => controller.enqueue("data: 1\n\n"),
          pull: () => new Promise<void>(() => undefined),
        }),
      ),
  });
  await using gateway = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async ({ signal }) => {
      const response = call(stream, await fetch(upstream.url, { signal }));
      return typeof response === "string" ? new Response(response, { status: 429 }) : response;
    },
  });
  for (let turn = 0; turn < 3; turn++) {
    const leaving = new AbortController();
    await until("a stream", async () => {
      const response = await fetch(gateway.url, { signal: leaving.signal });
      return response.status === 200 && response;
    });
    expect((await fetch(gateway.url)).status).toBe(429);
    leaving.abort();
  }
});

test("a stream is given back once, however often that is said", () => {
  const { admit } = stand({ streams: 2 });
  const [first] = [admit(stream), admit(stream)];
  if (first && isAdmitted(first)) for (let time = 0; time < 2; time++) first[Symbol.dispose]();
  expect([admit(stream).state, admit(stream).state]).toEqual(["admitted", "limited"]);
});

test("a call that is refused holds neither a stream nor a session", () => {
  const { call } = stand({ requestsPerMinute: 1, streams: 1, sessions: 1 });
  call();
  expect([call(listen), call(listen), call(initialize), call(initialize)]).toEqual(Array(4).fill("requests"));
  expect(call(stream)).toBeInstanceOf(Response);
});

test("sessions count from the answer that gives an id until they end, are found gone, or lost", () => {
  const { limits, call } = stand({ sessions: 1 });
  const scope = { principalKey: "dev:ada", adapter: "weather" };
  const failed = new Response("{}", { status: 500, headers: { "mcp-session-id": "s0" } });
  expect(call(initialize, failed)).toBe(failed);
  expect(call(initialize, new Response("{}"))).toBeInstanceOf(Response);
  expect(call(initialize, withSession("s1"))).toBeInstanceOf(Response);
  expect(call(initialize)).toBe("sessions");
  expect(call({ ...initialize, adapter: "maps" }, withSession("s2"))).toBeInstanceOf(Response);

  call({ httpMethod: "DELETE", method: "DELETE", session: "s1" }, new Response(null, { status: 405 }));
  expect(call(initialize)).toBe("sessions");
  call({ method: "DELETE", session: "s1" });
  expect(call(initialize)).toBe("sessions");
  call({ httpMethod: "DELETE", method: "DELETE", session: "s1" }, new Response(null, { status: 204 }));
  expect(call(initialize, withSession("s3"))).toBeInstanceOf(Response);

  call({ session: "s3" }, new Response("{}", { status: 404 }));
  expect(call(initialize, withSession("s4"))).toBeInstanceOf(Response);
  expect(call(initialize)).toBe("sessions");
  limits.lost(scope, "s4");
  call({ session: "from another gateway" });
  expect(call(initialize)).toBe("sessions");
});
