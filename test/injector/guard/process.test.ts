import { afterEach, beforeEach, expect, test } from "bun:test";
import { readConfig } from "../../../injector/guard/config.ts";
import { lives } from "../../support/process.ts";
import { until } from "../../support/until.ts";
import { chunk, eventStream, hello, rawServer, reader } from "./raw-server.ts";
import { gatewayKey, keyVolume, startGuard, vouched } from "./support.ts";

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function guardBefore(upstream: string, environment: Record<string, string> = {}) {
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  return stack.use(await startGuard(upstream, volume.file, environment));
}

const variables = {
  GUARD_ADAPTER: "weather",
  GUARD_NAMESPACE: "adapter",
  GUARD_POD_UID: "uid",
  GUARD_UPSTREAM: "http://127.0.0.1:8000",
  GUARD_JWKS: "/etc/keys/jwks.json",
};

test("what a pod says is enough", () => {
  expect(readConfig({ ...variables, LOG_LEVEL: "", OTEL_EXPORTER_OTLP_ENDPOINT: "" })).toEqual({
    state: "read",
    config: {
      audience: "adapter/weather",
      podUid: "uid",
      upstream: "http://127.0.0.1:8000",
      jwks: "/etc/keys/jwks.json",
      host: "0.0.0.0",
      port: 15001,
      healthPort: 15020,
      logLevel: "info",
      trace: undefined,
    },
  });
});

test("all that is wrong with the settings is said at once, each by its name", async () => {
  const read = readConfig({
    GUARD_UPSTREAM: "https://127.0.0.1:8000/mcp",
    GUARD_PORT: "70000",
    LOG_LEVEL: "loud",
    OTEL_TRACES_SAMPLER: "sometimes",
  });
  const names = read.state === "invalid" ? read.problems.map((problem) => problem.split(":", 1)[0]) : [];
  expect(names.toSorted()).toEqual([
    "GUARD_ADAPTER",
    "GUARD_JWKS",
    "GUARD_NAMESPACE",
    "GUARD_POD_UID",
    "GUARD_PORT",
    "GUARD_UPSTREAM",
    "LOG_LEVEL",
    "OTEL_TRACES_SAMPLER",
  ]);
  await expect(startGuard("nowhere", "")).rejects.toThrow(
    /settings are wrong:\n {2}GUARD_UPSTREAM: .*\n {2}GUARD_JWKS: /,
  );
});

test("a port that is taken is said", async () => {
  const server = stack.use(rawServer(() => {}));
  const { port } = new URL(server.url);
  await expect(guardBefore(server.url, { GUARD_PORT: port })).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}.`);
});

test("a guard is alive at once, and ready when its server accepts connections", async () => {
  const server = rawServer(() => {});
  const { port } = new URL(server.url);
  server[Symbol.dispose]();
  const guard = await guardBefore(server.url);
  const ready = async () => {
    const response = await fetch(`${guard.healthUrl}/readyz`);
    return [response.status, await response.text()];
  };
  expect((await fetch(`${guard.healthUrl}/healthz`)).status).toBe(200);
  expect(await ready()).toEqual([503, `The MCP server accepts no connection at ${server.url}.\n`]);
  const here = stack.use(rawServer(() => {}, Number(port)));
  expect(await ready()).toEqual([200, "ready\n"]);
  await until("the probe was there, and has left", () => here.peers.length === 1 && !here.peers[0]?.isOpen);
  expect(here.peers[0]?.bytes).toBe(0);
});

test("the health port tells nothing else, and the other port has no health", async () => {
  const server = stack.use(rawServer(({ socket }) => void socket.write(hello)));
  const guard = await guardBefore(server.url);
  expect((await fetch(`${guard.healthUrl}/mcp`, { headers: vouched() })).status).toBe(404);
  expect((await fetch(`${guard.healthUrl}/metrics`, { method: "POST" })).status).toBe(405);
  for (const path of ["/healthz", "/readyz", "/metrics"]) expect((await fetch(guard.url + path)).status).toBe(403);
});

test("asked to stop it takes no more, finishes what is in flight, and ends well", async () => {
  const asked = Promise.withResolvers<void>();
  const server = stack.use(
    rawServer(({ socket }) => {
      asked.resolve();
      setTimeout(() => socket.write(hello), 300);
    }),
  );
  const guard = await guardBefore(server.url);
  const answer = fetch(`${guard.url}/mcp`, { method: "POST", headers: vouched(), body: "{}" });
  await asked.promise;
  const ending = guard.end("SIGTERM");
  await until("it is not ready", async () => {
    const response = await fetch(`${guard.healthUrl}/readyz`);
    return (await response.text()) === "The guard is stopping.\n";
  });
  expect(await (await answer).text()).toBe("hello");
  expect(await ending).toBe(0);
  expect(guard.log()).toContain("guard stopped");
});

test("streams end with the guard after a few seconds, and a second signal does not wait for them", async () => {
  const server = stack.use(rawServer(({ socket }) => void socket.write(eventStream + chunk("data: 1\n\n"))));
  for (const signals of [1, 2]) {
    const guard = await guardBefore(server.url);
    const stream = await fetch(`${guard.url}/mcp`, { headers: vouched() });
    const next = reader(stream.body);
    await next("data: 1\n\n");
    const startedMs = performance.now();
    process.kill(guard.pid, "SIGTERM");
    await until("it is stopping", () => guard.log().includes("guard stopping"));
    if (signals === 2) process.kill(guard.pid, "SIGTERM");
    expect(await guard.exited).toBe(signals === 2 ? 143 : 0);
    const tookMs = performance.now() - startedMs;
    if (signals === 2) expect(tookMs).toBeLessThan(2000);
    else expect(tookMs).toBeWithin(4500, 9000);
    await expect(next("more")).rejects.toThrow();
    expect(lives(guard.pid)).toBe(false);
  }
}, 30_000);
