import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import * as api from "../openapi/client/index.ts";
import { devHeaders } from "./support/gateway.ts";
import { type GatewayProcess, lives, startGatewayProcess, temporaryDirectory } from "./support/process.ts";
import { until } from "./support/until.ts";

/** Its streams never end; its calls leave a word that they are there, and are answered when they are let go. */
const server = `
  import { existsSync, writeFileSync } from "node:fs";
  Bun.serve({
    port: process.env.PORT,
    hostname: process.env.HOST,
    idleTimeout: 0,
    async fetch(request) {
      if (new URL(request.url).pathname !== "/mcp") return new Response();
      if (request.method === "GET") {
        const body = new ReadableStream({ start: (controller) => controller.enqueue("data: hello\\n\\n") });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      }
      writeFileSync(process.env.DIRECTORY + "/called", "");
      while (!existsSync(process.env.DIRECTORY + "/let-go")) await Bun.sleep(5);
      return Response.json({ answer: 42 });
    },
  });
`;

/** A gateway process with an adapter `x` that answers as slowly as the test likes. */
async function openStand(environment: Record<string, string>) {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryDirectory());
  const image = { command: ["bun", "-e", server], environment: { DIRECTORY: path }, description: "slow" };
  await writeFile(join(path, "images.json"), JSON.stringify({ slow: image }));
  const gateway = opening.use(
    await startGatewayProcess(join(path, "data"), { IMAGE_CATALOGUE: join(path, "images.json"), ...environment }),
  );
  await api.createAdapter({ client: gateway.as(), body: { name: "x", imageName: "slow", imageVersion: "1" } });
  await until("the replica is ready", async () => {
    const { data } = await api.getAdapterStatus({ client: gateway.as(), path: { name: "x" } });
    return data?.readyReplicas === 1;
  });
  const opened = opening.move();
  return {
    gateway,
    letGo: () => writeFile(join(path, "let-go"), ""),
    /** A call that has reached the replica; undefined when it is broken off. */
    async call() {
      const answer = post(gateway).catch(() => undefined);
      await until("the call is in flight", () => Bun.file(join(path, "called")).exists());
      return { answer };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function post(gateway: GatewayProcess): Promise<unknown> {
  const headers = { ...devHeaders("dev"), "content-type": "application/json", connection: "close" };
  return (await fetch(gateway.mcpUrl("x"), { method: "POST", headers, body: "{}" })).json();
}

type Stream = { read(): Promise<{ done: boolean }> };

/** An event stream that has begun. */
async function openStream(gateway: GatewayProcess): Promise<Stream> {
  const response = await fetch(gateway.mcpUrl("x"), {
    headers: { ...devHeaders("dev"), accept: "text/event-stream" },
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let seen = "";
  const decoder = new TextDecoder();
  while (!seen.includes("hello")) seen += decoder.decode((await reader.read()).value);
  return reader;
}

/** Resolves when nothing comes any more, by whichever end. */
async function over(stream: Stream): Promise<void> {
  const { done } = await stream.read().catch(() => ({ done: true }));
  if (!done) await over(stream);
}

/** A connection that has asked nothing yet, or has its answer and stays open. */
async function openConnection(gateway: GatewayProcess, request: string): Promise<Socket> {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  if (request === "") return socket;
  socket.write(request);
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

const readiness = (gateway: GatewayProcess) =>
  fetch(new URL("/readyz", gateway.url), { headers: { connection: "close" } });
/** The exit code once it has ended; undefined while it has not. */
function ending(gateway: GatewayProcess) {
  const state: { code: number | string | undefined } = { code: undefined };
  const ended = gateway.end("SIGTERM").then((code) => {
    state.code = code;
    return code;
  });
  return Object.assign(state, { ended });
}

test("at SIGTERM streams and idle connections end at once, nobody new gets in, and a call in flight gets its answer", async () => {
  await using stand = await openStand({ DRAIN_SECONDS: "3600" });
  const { gateway } = stand;
  const stream = await openStream(gateway);
  // One that has asked nothing yet may stay as long as the gateway does, but no longer.
  await openConnection(gateway, "");
  const idle = await openConnection(gateway, "GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const closed = new Promise((resolve) => idle.resume().once("close", resolve));
  const call = await stand.call();

  const end = ending(gateway);
  await over(stream);
  await closed;
  await until("new connections are refused", () =>
    readiness(gateway).then(
      () => false,
      () => true,
    ),
  );
  expect(end.code).toBeUndefined();
  await stand.letGo();
  expect(await call.answer).toEqual({ answer: 42 });
  expect(await end.ended).toBe(0);
  expect(gateway.log()).toContain('"stopped"');
}, 60_000);

test("a call that is longer than DRAIN_SECONDS is cut at the limit, and the gateway ends well", async () => {
  await using stand = await openStand({ DRAIN_SECONDS: "0.1" });
  const call = await stand.call();
  expect(await stand.gateway.end("SIGTERM")).toBe(0);
  expect(await call.answer).toBeUndefined();
}, 60_000);

test("with a delay readiness fails first while everything is served as before", async () => {
  await using stand = await openStand({ SHUTDOWN_DELAY_SECONDS: "300", DRAIN_SECONDS: "3600" });
  const { gateway } = stand;
  const before = await openStream(gateway);
  expect((await readiness(gateway)).status).toBe(200);

  const end = ending(gateway);
  const draining = await until("it is not ready", async () => {
    const response = await readiness(gateway);
    return response.status === 503 && response;
  });
  expect(await draining.json()).toEqual({ status: "draining" });
  const after = await openStream(gateway);
  const call = await stand.call();
  await stand.letGo();
  expect(await call.answer).toEqual({ answer: 42 });
  const reads = [before, after].map((stream) =>
    stream.read().then(
      () => "ended",
      () => "ended",
    ),
  );
  expect(await Promise.race([...reads, readiness(gateway).then(({ status }) => status)])).toBe(503);

  expect(await gateway.end("SIGTERM")).toBe(0);
  expect(await end.ended).toBe(0);
}, 60_000);

test("a second SIGTERM waits for no call, and still leaves no replica behind", async () => {
  await using stand = await openStand({ DRAIN_SECONDS: "3600" });
  const { gateway } = stand;
  const call = await stand.call();
  const pid = await until("a replica's pid is told", () => Number(/"pid":(\d+),"port"/.exec(gateway.log())?.[1]));
  expect(lives(pid)).toBe(true);
  const end = ending(gateway);
  await until("it drains", () => gateway.log().includes('"draining"'));
  expect(await gateway.end("SIGTERM")).toBe(0);
  expect(await call.answer).toBeUndefined();
  expect(await end.ended).toBe(0);
  expect(lives(pid)).toBe(false);
}, 60_000);

test("Ctrl-C is one signal, though it comes twice under npm", async () => {
  await using stand = await openStand({ DRAIN_SECONDS: "3600" });
  const call = await stand.call();
  process.kill(stand.gateway.pid, "SIGINT");
  const ended = stand.gateway.end("SIGINT");
  await until("it drains", () => stand.gateway.log().includes('"draining"'));
  await stand.letGo();
  expect(await call.answer).toEqual({ answer: 42 });
  expect(await ended).toBe(0);
}, 60_000);
