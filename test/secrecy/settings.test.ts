import { afterAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startReceiver } from "../support/otlp-receiver.ts";
import { type GatewayProcess, startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { plants } from "./plants.ts";

const program = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const planted = plants();

/** What a gateway says that does not start with such settings, until it says this. */
async function wordsOf(environment: Record<string, string>, expected: string): Promise<string> {
  const { path } = stack.use(await temporaryDirectory());
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([process.execPath, program], {
    env: { PATH, HOME, PORT: "0", STORE_URL: `pglite:${path}`, LOG_LEVEL: "trace", ...environment },
    stdin: "ignore",
    stdout: Bun.file(join(path, "stdout")),
    stderr: Bun.file(join(path, "stderr")),
  });
  const words = async () =>
    (await Promise.all(["stdout", "stderr"].map((each) => Bun.file(join(path, each)).text()))).join("");
  await until(`it says ${expected}`, async () => child.exitCode !== null || (await words()).includes(expected));
  child.kill("SIGKILL");
  await child.exited;
  expect(await words()).toContain(expected);
  return words();
}

const key = "k".repeat(32);
const inBase64 = (what: string) => encodeURIComponent(Buffer.from(planted.plant(what)).toString("base64"));
const short = (what: string) => planted.keep(what, planted.plant(what).slice(0, 20));
const inUrl = () => `user:${planted.plant("a password in a URL")}`;
const wrong: [string, string, () => Record<string, string>][] = [
  [
    "a database that is not there",
    "PostgreSQL at 127.0.0.1:1 cannot be reached",
    () => ({ STORE_URL: `postgres://${inUrl()}@127.0.0.1:1/gateway`, GATEWAY_KEYS: key }),
  ],
  [
    "a database whose URL is none",
    "STORE_URL",
    () => ({ STORE_URL: `postgres://${inUrl()}@[nonsense/gateway`, GATEWAY_KEYS: key }),
  ],
  ["a database of another kind", "STORE_URL", () => ({ STORE_URL: `mysql://${inUrl()}@127.0.0.1:1/gateway` })],
  [
    "a Cosmos DB that is not there",
    "Cosmos DB at 127.0.0.1:1 cannot be reached",
    () => ({ STORE_URL: `cosmos+http://127.0.0.1:1/g?key=${inBase64("a key of Cosmos DB")}`, GATEWAY_KEYS: key }),
  ],
  ["keys that are too short", "GATEWAY_KEYS", () => ({ GATEWAY_KEYS: short("a key") })],
  [
    "a list of keys with one that is too short",
    "GATEWAY_KEYS",
    () => ({ GATEWAY_KEYS: `${planted.plant("a key")},short` }),
  ],
  [
    "headers for a collector that are no list",
    "OTEL_EXPORTER_OTLP_HEADERS",
    () => ({ OTEL_EXPORTER_OTLP_HEADERS: planted.plant("a header") }),
  ],
  [
    "headers for a collector that cannot be decoded",
    "OTEL_EXPORTER_OTLP_HEADERS",
    () => ({ OTEL_EXPORTER_OTLP_HEADERS: `api-key=${planted.plant("a header")}%zz` }),
  ],
  [
    "a collector's URL of another kind",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `ftp://${inUrl()}@127.0.0.1:1` }),
  ],
  [
    "issuers that are no JSON",
    "OIDC_ISSUERS",
    () => ({ AUTH: "oidc", OIDC_ISSUERS: `[{"kind":"oidc","${planted.plant("a part of a setting")}` }),
  ],
];

test.each(wrong)(
  "what is wrong with %s is said without its value",
  async (_what, expected, environment) => {
    expect(planted.foundIn(await wordsOf(environment(), expected))).toEqual([]);
  },
  60_000,
);

test("what is wrong with a secret file is said without what is in it", async () => {
  const directory = stack.use(await temporaryDirectory()).path;
  const file = join(directory, "secret");
  for (const [name, content] of [
    ["GATEWAY_KEYS_FILE", short("a key in a file")],
    ["STORE_URL_FILE", `mysql://user:${planted.plant("a password in a file")}@127.0.0.1/gateway`],
  ] as const) {
    await writeFile(file, content);
    expect(planted.foundIn(await wordsOf({ [name]: file }, name))).toEqual([]);
  }
});

/** Calls until spans are lost; gives all that the gateway has said then. */
async function saidAfterLoss(gateway: GatewayProcess): Promise<string> {
  const lost = async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    await (await fetch(new URL("/mcp", gateway.url), { method: "POST", headers, body })).text();
    const figures = await (await fetch(`${gateway.url}/metrics`)).text();
    return /^mcp_gateway_spans_dropped_total [1-9]/m.test(figures) && figures;
  };
  const figures = await until("spans are lost", lost);
  await gateway.end("SIGTERM");
  return gateway.log() + figures;
}

test("a collector that takes no spans is told of without what opens it, even if it says that itself", async () => {
  const receiver = stack.use(startReceiver((request) => new Response(request.headers.get("api-key"), { status: 401 })));
  const collectors = [receiver.url, `http://${inUrl()}@127.0.0.1:1`, `http://127.0.0.1:1/v1?key=${inUrl()}`];
  for (const url of collectors) {
    const directory = stack.use(await temporaryDirectory()).path;
    const gateway = stack.use(
      await startGatewayProcess(directory, {
        LOG_LEVEL: "trace",
        OTEL_LOG_LEVEL: "ALL",
        OTEL_TRACES_SAMPLER: "always_on",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_HEADERS: `api-key=${planted.plant("a collector's key")}`,
        OTEL_EXPORTER_OTLP_TIMEOUT: "200",
        OTEL_BSP_SCHEDULE_DELAY: "20",
      }),
    );
    expect([url, planted.foundIn(await saidAfterLoss(gateway))]).toEqual([url, []]);
  }
  expect(receiver.posts[0]?.headers.get("api-key")).toMatch(/^planted/);
}, 60_000);
