import { expect, test } from "bun:test";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { apiServer, kubeconfigFor } from "./api-server.ts";
import { type InjectorProcess, startInjector } from "./process.ts";
import { podOf, reviewOf, uid } from "./reviews.ts";
import { newPair, serverName } from "./webhook.ts";

async function started(environment: Record<string, string> = {}) {
  await using opening = new AsyncDisposableStack();
  const api = opening.use(apiServer());
  const folder = opening.use(await temporaryDirectory());
  const KUBECONFIG = await kubeconfigFor(api, folder.path);
  const injector = opening.use(await startInjector({ KUBECONFIG, ...environment }));
  const opened = opening.move();
  return { api, injector, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const small = JSON.stringify(reviewOf(podOf()));

async function ask({ webhook }: InjectorProcess, ca: string, keepalive = false, body = small): Promise<Response> {
  return await fetch(`https://127.0.0.1:${webhook}/inject?timeout=5s`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    keepalive,
    tls: { ca, serverName },
  });
}

const isReady = async ({ ask: askHealth }: InjectorProcess) => (await askHealth("/readyz")).status === 200;

test("an injector makes its certificate, tells the API server whom to trust, and answers reviews", async () => {
  await using stage = await started({
    OTEL_TRACES_SAMPLER: "always_off",
    GUARD_LOG_LEVEL: "debug",
    OTEL_EXPORTER_OTLP_HEADERS: "secret=1",
  });
  const { api, injector } = stage;
  await until("it is ready", () => isReady(injector));
  await until("its authority is published", () => api.bundle() !== "");
  const { response } = (await (await ask(injector, api.bundle())).json()) as {
    response: { uid: string; patch: string };
  };
  expect(response.uid).toBe(uid);
  const patch = Buffer.from(response.patch, "base64").toString();
  expect(patch).toContain('{"name":"LOG_LEVEL","value":"debug"},{"name":"OTEL_TRACES_SAMPLER","value":"always_off"}]');
  expect(patch).not.toContain("secret");
  expect((await injector.ask("/healthz")).status).toBe(200);
  expect((await injector.ask("/else")).status).toBe(404);
  expect(injector.log()).not.toContain("PRIVATE KEY");
});

test("what it does is counted, and told in the words of Prometheus", async () => {
  await using stage = await started();
  const { api, injector } = stage;
  await until("its authority is published", () => api.bundle() !== "");
  await (await ask(injector, api.bundle())).text();
  const answer = await injector.ask("/metrics");
  expect(answer.headers.get("content-type")).toContain("text/plain");
  const text = await answer.text();
  for (const line of [
    'mcp_injector_requests_total{result="inject",reason="guarded"} 1',
    "mcp_injector_request_duration_seconds_count 1",
    "mcp_injector_certificate_swaps_total 1",
    "mcp_injector_certificate_failures_total 0",
    "mcp_injector_pods_without_guard 0",
    "mcp_injector_missing_guards_total 0",
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  const expiry = Number(/^mcp_injector_certificate_expiry_seconds (\S+)$/m.exec(text)?.[1]);
  expect(expiry - Date.now() / 1000).toBeWithin(89 * 86_400, 90 * 86_400 + 1);
});

test.if(process.platform === "linux")("reviews of megabytes do not add up in its memory", async () => {
  await using stage = await started();
  const { api, injector } = stage;
  await until("its authority is published", () => api.bundle() !== "");
  const large = JSON.stringify(reviewOf(podOf({ annotations: { note: "x".repeat(8_000_000) } })));
  const clients = Array.from({ length: 3 }, async () => {
    for (let round = 0; round < 10; round++) expect((await ask(injector, api.bundle(), true, large)).status).toBe(200);
  });
  await Promise.all(clients);
  const status = await Bun.file(`/proc/${injector.pid}/status`).text();
  const peakKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  expect(peakKiB).toBeWithin(1, 256 * 1024);
});

test("without its Secret it is not ready, and says why, until that is there", async () => {
  await using api = apiServer();
  const { secret } = api;
  api.secret = undefined;
  await using folder = await temporaryDirectory();
  await using injector = await startInjector({ KUBECONFIG: await kubeconfigFor(api, folder.path) });
  const words = '"reason":"Secret mcp-gateway-injector: 404 NotFound: there is none"';
  await until("it is told", () => injector.log().includes(words));
  expect(await (await injector.ask("/readyz")).text()).toBe("There is no certificate yet.\n");
  expect((await injector.ask("/healthz")).status).toBe(200);
  await expect(ask(injector, (await newPair()).ca)).rejects.toThrow();
  api.secret = secret;
  await until("it is ready", () => isReady(injector));
});

test("SIGTERM fails readiness, reviews are answered for a while, and then it ends well", async () => {
  await using stage = await started({ SHUTDOWN_DELAY_SECONDS: "1" });
  const { api, injector } = stage;
  await until("its authority is published", () => api.bundle() !== "");
  injector.signal("SIGTERM");
  await until("it is not ready", async () => !(await isReady(injector)));
  const answer = await ask(injector, api.bundle(), true);
  expect(answer.headers.get("connection")).toBe("close");
  expect(((await answer.json()) as { response: { uid: string } }).response.uid).toBe(uid);
  await until("it has ended", () => injector.log().includes('"msg":"stopped"'));
  expect(await injector.end("SIGTERM")).toBe(0);
});

test("a second signal is not waited for", async () => {
  await using stage = await started({ SHUTDOWN_DELAY_SECONDS: "300" });
  stage.injector.signal("SIGTERM");
  await until("it drains", () => stage.injector.log().includes('"msg":"draining"'));
  expect(await stage.injector.end("SIGTERM")).toBe(143);
});

test("with a mounted certificate it shows that one, and writes nothing to the cluster", async () => {
  await using folder = await temporaryDirectory();
  const pair = await newPair();
  await Bun.write(`${folder.path}/tls.crt`, pair.cert);
  await Bun.write(`${folder.path}/tls.key`, pair.key);
  await using stage = await started({ CERTIFICATE_DIRECTORY: folder.path });
  const { api, injector } = stage;
  await until("it is ready", () => isReady(injector));
  expect((await ask(injector, pair.ca)).status).toBe(200);
  await until("it watches pods", () => api.asked.some(({ url }) => url.searchParams.has("watch")));
  expect(new Set(api.asked.map(({ method, url }) => `${method} ${url.pathname}`))).toEqual(
    new Set(["GET /api/v1/namespaces/adapter/pods"]),
  );
});

test("settings that are wrong are all told at once", async () => {
  const wrong = {
    PORT: "x",
    GUARD_IMAGE: "",
    KUBE_NAMESPACE: "Adapter",
    CERTIFICATE_SECONDS: "100",
    LOG_LEVEL: "loud",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
  };
  const words = await startInjector(wrong).then(String, (error: Error) => error.message);
  expect(words.split("\n")).toEqual([
    "The injector's settings are wrong:",
    "  PORT: Invalid input: expected number, received NaN",
    '  KUBE_NAMESPACE: must be a DNS label, such as "adapter"',
    "  GUARD_IMAGE: needed: the image of guards, which is the gateway's own",
    '  LOG_LEVEL: Invalid option: expected one of "trace"|"debug"|"info"|"warn"|"error"|"fatal"|"silent"',
    "  CERTIFICATE_SECONDS: must be at least three times CERTIFICATE_SETTLE_SECONDS and CERTIFICATE_LOOK_SECONDS together",
    '  OTEL_EXPORTER_OTLP_PROTOCOL: only "http/protobuf" is spoken here',
  ]);
});

test("it does not start with settings that only guards could not read", async () => {
  const wrong = { OTEL_TRACES_SAMPLER: "sometimes", OTEL_BSP_MAX_QUEUE_SIZE: "none of the guards' business" };
  const words = await startInjector(wrong).then(String, (error: Error) => error.message);
  expect(words).toStartWith("The injector's settings are wrong:\n  OTEL_TRACES_SAMPLER: Invalid option");
  expect(words.split("\n")).toHaveLength(2);
});

test("a port that is taken is told, and nothing is left running", async () => {
  await using stage = await started();
  await using folder = await temporaryDirectory();
  const words = await startInjector({
    KUBECONFIG: await kubeconfigFor(stage.api, folder.path),
    PORT: String(stage.injector.webhook),
  }).then(String, (error: Error) => error.message);
  expect(words).toContain("EADDRINUSE");
});
