import { expect, test } from "bun:test";
import type { Answer } from "../../../../gateway/runtime/kubernetes/api/answer.ts";
import type { Cluster } from "../../../../gateway/runtime/kubernetes/api/cluster.ts";
import { kubeClient } from "../../../../gateway/runtime/kubernetes/api/client.ts";
import { apiLimits } from "../../../../gateway/runtime/kubernetes/api/limits.ts";
import { events, pods, services, statefulSets } from "../../../../gateway/runtime/kubernetes/api/resources.ts";
import { until } from "../../../support/until.ts";
import { clusterAt, fakeApi, hangsUp, listOf, service, status } from "./fake-api.ts";
import { fakeTime } from "./fake-time.ts";

const weather = { namespace: "adapter", name: "weather" };
const ok = () => Response.json(service("weather", "1"));

test("each verb has its method, path, query, media type and body", async () => {
  await using api = fakeApi(ok);
  const kube = kubeClient(clusterAt(api.origin, {}, "secret"));
  const draft = { apiVersion: "v1", kind: "Service", metadata: { name: "weather" }, spec: {} } as const;
  await kube.get(statefulSets, weather);
  await kube.create(services, draft, { namespace: "adapter", fieldManager: "mcp", dryRun: true });
  await kube.apply(services, draft, {
    namespace: "adapter",
    fieldManager: "mcp",
    force: true,
    fieldValidation: "Strict",
  });
  await kube.patch(services, { ...weather, type: "merge", patch: { a: 1 } });
  await kube.patch(statefulSets, { ...weather, type: "strategic", patch: { a: 2 }, subresource: "scale" });
  await kube.remove(services, { ...weather, propagationPolicy: "Foreground", preconditions: { uid: "u" } });
  await kube.logs({ ...weather, container: "server", tailLines: 10, previous: true });
  expect(
    api.asked.map(({ method, url, headers, body }) => [
      `${method} ${url.pathname}${url.search}`,
      headers.get("content-type"),
      body,
    ]),
  ).toEqual([
    ["GET /apis/apps/v1/namespaces/adapter/statefulsets/weather", null, ""],
    ["POST /api/v1/namespaces/adapter/services?fieldManager=mcp&dryRun=All", "application/json", JSON.stringify(draft)],
    [
      "PATCH /api/v1/namespaces/adapter/services/weather?fieldManager=mcp&fieldValidation=Strict&force=true",
      "application/apply-patch+yaml",
      JSON.stringify(draft),
    ],
    ["PATCH /api/v1/namespaces/adapter/services/weather", "application/merge-patch+json", '{"a":1}'],
    [
      "PATCH /apis/apps/v1/namespaces/adapter/statefulsets/weather/scale",
      "application/strategic-merge-patch+json",
      '{"a":2}',
    ],
    [
      "DELETE /api/v1/namespaces/adapter/services/weather",
      "application/json",
      '{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground","preconditions":{"uid":"u"}}',
    ],
    ["GET /api/v1/namespaces/adapter/pods/weather/log?container=server&tailLines=10&previous=true", null, ""],
  ]);
  expect(new Set(api.asked.map(({ headers }) => headers.get("authorization")))).toEqual(new Set(["Bearer secret"]));
});

test("a name stays one segment of the path, and what can be no name is not sent", async () => {
  await using api = fakeApi(ok);
  const kube = kubeClient(clusterAt(api.origin));
  await kube.get(services, { namespace: "adapter", name: "a b?c#d" });
  expect(api.asked.map(({ url }) => url.href)).toEqual([
    `${api.origin}/api/v1/namespaces/adapter/services/a%20b%3Fc%23d`,
  ]);
  for (const name of ["", ".", "..", "a/b", "a%2fb", "\ud800"]) {
    expect(await kube.remove(services, { namespace: "adapter", name })).toMatchObject({ state: "failed", status: 422 });
    expect(await kube.list(services, { namespace: name })).toMatchObject({ state: "failed", status: 422 });
  }
  expect(api.asked).toHaveLength(1);
});

test("a Status is told as it is; anything else in the server's words; a redirect is not followed", async () => {
  const answers = [
    () => status(404, "NotFound", 'services "weather" not found'),
    () => new Response("<html>\n <b>Bad gateway</b>", { status: 502 }),
    () => new Response("", { status: 503 }),
    () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } }),
    () => new Response("hello"),
    () => Response.json("hello"),
  ];
  await using api = fakeApi(() => answers.shift()?.() ?? ok());
  const kube = kubeClient(clusterAt(api.origin));
  const told: Answer<unknown>[] = [];
  while (answers.length > 0) told.push(await kube.get(services, weather));
  expect(told.map((answer) => answer.state === "failed" && [answer.status, answer.reason, answer.message])).toEqual([
    [404, "NotFound", 'services "weather" not found'],
    [502, "Unknown", "<html> <b>Bad gateway</b>"],
    [503, "ServiceUnavailable", "the server answered 503"],
    [302, "Unknown", "the server answered 302"],
    [200, "Unreadable", "the answer is no JSON object: this is no API server"],
    [200, "Unreadable", "the answer is no JSON object: this is no API server"],
  ]);
});

test("a server that is not there, that is silent, that breaks off, or that we leave: unreachable, never thrown", async () => {
  await using api = fakeApi(() => new Promise<Response>(() => undefined));
  using broken = hangsUp();
  const gone = fakeApi(ok);
  await gone[Symbol.asyncDispose]();
  const limits = { ...apiLimits, requestMs: 50 };
  const kube = kubeClient(clusterAt(api.origin), { limits });
  const messageOf = async (name: string, signal?: AbortSignal, from = kube) => {
    const answer = await from.get(services, { namespace: "adapter", name, signal });
    return answer.state === "unreachable" ? answer.message.replace(/:\d+:/, ":") : answer.state;
  };
  expect(await messageOf("any", undefined, kubeClient(clusterAt(gone.origin)))).toMatch(
    /Unable to connect.*ECONNREFUSED/,
  );
  expect(await messageOf("silent")).toBe("http://127.0.0.1: no answer in 50 ms");
  expect(await messageOf("any", undefined, kubeClient(clusterAt(broken.origin)))).toMatch(/closed.*ECONNRESET/);
  expect(await messageOf("silent", AbortSignal.abort(new Error("we left")))).toBe("http://127.0.0.1: we left");
});

test("an answer larger than the limit is not read to its end", async () => {
  await using api = fakeApi(() => Response.json({ ...service("weather", "1"), filler: "x".repeat(2000) }));
  const kube = kubeClient(clusterAt(api.origin), { limits: { ...apiLimits, maxResponseBytes: 1000 } });
  expect(await kube.get(services, weather)).toMatchObject({ state: "failed", reason: "TooLarge" });
});

test("a list has all pages, and its items say what they are", async () => {
  await using api = fakeApi(({ url }) =>
    url.searchParams.get("continue") === "2" ? listOf([service("b", "5")], "9") : listOf([service("a", "4")], "9", "2"),
  );
  const kube = kubeClient(clusterAt(api.origin));
  const answer = await kube.list(services, { namespace: "adapter", labelSelector: "adapter/type=mcp" });
  expect(answer.state === "ok" && answer.object.resourceVersion).toBe("9");
  expect(answer.state === "ok" && answer.object.items.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
    ["Service", "a"],
    ["Service", "b"],
  ]);
  expect(api.asked.map(({ url }) => url.search)).toEqual([
    "?labelSelector=adapter%2Ftype%3Dmcp&limit=500",
    "?labelSelector=adapter%2Ftype%3Dmcp&limit=500&continue=2",
  ]);
});

test("a list whose snapshot is gone in the middle begins anew, and not for ever", async () => {
  let gone = 1;
  await using api = fakeApi(({ url }) => {
    if (!url.searchParams.has("continue")) return listOf([service("a", "4")], "9", "2");
    return gone-- > 0 ? status(410, "Expired", "too old") : listOf([service("b", "5")], "9");
  });
  const kube = kubeClient(clusterAt(api.origin));
  const answer = await kube.list(services, { namespace: "adapter" });
  expect(answer.state === "ok" && answer.object.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  expect(api.asked).toHaveLength(4);
  gone = 100;
  expect(await kube.list(services, { namespace: "adapter" })).toMatchObject({ state: "failed", status: 410 });
  expect(api.asked).toHaveLength(12);
});

test("a list without end, or of something else, is a failure", async () => {
  await using endless = fakeApi(() => listOf([service("a", "4")], "9", "more"));
  const limits = { ...apiLimits, maxPages: 3 };
  expect(
    await kubeClient(clusterAt(endless.origin), { limits }).list(services, { namespace: "adapter" }),
  ).toMatchObject({
    state: "failed",
    reason: "TooLarge",
  });
  await using strange = fakeApi(() => Response.json({ metadata: { resourceVersion: "1" }, items: [{ name: "a" }] }));
  expect(await kubeClient(clusterAt(strange.origin)).list(services, { namespace: "adapter" })).toMatchObject({
    state: "failed",
    reason: "Unreadable",
  });
});

test("a busy server is asked again when it says, a bounded number of times", async () => {
  const answers = [
    status(429, "TooManyRequests", "busy", { "retry-after": "2" }),
    status(503, "ServiceUnavailable", "busy", { "retry-after": "3600" }),
    status(429, "TooManyRequests", "busy", { "retry-after": "Thu, 01 Jan 1970 00:00:05 GMT" }),
  ];
  await using api = fakeApi(() => answers.shift() ?? ok());
  const time = fakeTime();
  const paused: number[] = [];
  const pause = (ms: number) => {
    paused.push(ms);
    return Promise.resolve();
  };
  const kube = kubeClient(clusterAt(api.origin), { pause, random: () => 0, now: time.now });
  expect((await kube.get(services, weather)).state).toBe("ok");
  expect(paused).toEqual([2000, 10_000, 5000]);

  await using always = fakeApi(() => status(429, "TooManyRequests", "busy", { "retry-after": "1" }));
  const stubborn = kubeClient(clusterAt(always.origin), { pause, random: () => 0 });
  expect(await stubborn.get(services, weather)).toMatchObject({ state: "failed", status: 429 });
  expect(always.asked).toHaveLength(5);

  await using silent = fakeApi(() => status(429, "TooManyRequests", "busy"));
  expect(await kubeClient(clusterAt(silent.origin), { pause }).get(services, weather)).toMatchObject({ status: 429 });
  expect(silent.asked).toHaveLength(1);
});

test("the wait for a busy server ends with the signal", async () => {
  await using api = fakeApi(() => status(429, "TooManyRequests", "busy", { "retry-after": "9" }));
  const stop = new AbortController();
  const kube = kubeClient(clusterAt(api.origin));
  const answer = kube.get(services, { ...weather, signal: stop.signal });
  await until("it was asked", () => api.asked.length === 1);
  stop.abort();
  expect((await answer).state).not.toBe("ok");
});

test("after a 401 the token is read anew and tried once", async () => {
  await using api = fakeApi(({ headers }) =>
    headers.get("authorization") === "Bearer new" ? ok() : status(401, "Unauthorized", "Unauthorized"),
  );
  let renewed = 0;
  const cluster = (token: string): Cluster => ({
    ...clusterAt(api.origin),
    access: async (renew) => {
      if (renew) renewed++;
      return { tls: { rejectUnauthorized: true }, token: renew ? token : "old" };
    },
  });
  expect((await kubeClient(cluster("new")).get(services, weather)).state).toBe("ok");
  expect([renewed, api.asked.length]).toEqual([1, 2]);
  expect(await kubeClient(cluster("wrong")).get(services, weather)).toMatchObject({ state: "failed", status: 401 });
  expect([renewed, api.asked.length]).toEqual([2, 4]);
});

test("who we are cannot be found out: unreachable, in words", async () => {
  const cluster = {
    ...clusterAt("http://127.0.0.1:1"),
    access: () => Promise.reject(new Error("exec: no such program")),
  };
  expect(await kubeClient(cluster).get(services, weather)).toEqual({
    state: "unreachable",
    message: "http://127.0.0.1:1: exec: no such program",
  });
});

test("logs stream as they come, for longer than a request may take, until the signal; a failure is an answer", async () => {
  const line = Promise.withResolvers<void>();
  await using api = fakeApi(({ url }) => {
    if (url.pathname.includes("/starting/")) return status(400, "BadRequest", 'container "server" is waiting to start');
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue("one\n");
        await line.promise;
        controller.enqueue("two\n");
      },
    });
    return new Response(body);
  });
  const kube = kubeClient(clusterAt(api.origin), { limits: { ...apiLimits, requestMs: 1, openMs: 200 } });
  const stop = new AbortController();
  const beganMs = performance.now();
  const answer = await kube.logs({ ...weather, signal: stop.signal });
  if (answer.state !== "ok") throw new Error(answer.message);
  const reader = answer.object.getReader();
  const text = async () => Buffer.from((await reader.read()).value ?? []).toString();
  expect(await text()).toBe("one\n");
  await until("the limit for its beginning has passed", () => performance.now() > beganMs + 300);
  line.resolve();
  expect(await text()).toBe("two\n");
  stop.abort(new Error("enough"));
  await expect(reader.read()).rejects.toThrow("enough");
  expect(await kube.logs({ namespace: "adapter", name: "starting", follow: true })).toMatchObject({
    state: "failed",
    status: 400,
    message: 'container "server" is waiting to start',
  });
});

test("a watch that is not opened in time is unreachable", async () => {
  await using api = fakeApi(() => new Promise<Response>(() => undefined));
  const kube = kubeClient(clusterAt(api.origin), { limits: { ...apiLimits, openMs: 50 } });
  const { signal } = new AbortController();
  const where = { namespace: "adapter", resourceVersion: "1", timeoutSeconds: 240, signal };
  expect(await kube.watch(pods, where)).toMatchObject({ state: "unreachable" });
  expect(api.asked[0]?.url.search).toBe("?resourceVersion=1&timeoutSeconds=240&watch=true&allowWatchBookmarks=true");
});

test("an event may have its name made by the server", async () => {
  await using api = fakeApi(ok);
  const kube = kubeClient(clusterAt(api.origin));
  const involvedObject = { apiVersion: "apps/v1", kind: "StatefulSet", name: "weather", uid: "u" };
  const metadata = { generateName: "weather." };
  await kube.create(
    events,
    {
      apiVersion: "v1",
      kind: "Event",
      metadata,
      involvedObject,
      type: "Normal",
      reason: "Applied",
      message: "applied",
    },
    { namespace: "adapter" },
  );
  expect(api.asked[0]?.url.pathname).toBe("/api/v1/namespaces/adapter/events");
});
