import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import * as api from "../../openapi/client/index.ts";
import { devHeaders, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/until.ts";
import { modern, reference, registrar, standAt } from "./stand.ts";

let stack: AsyncDisposableStack;
let gateway: TestGateway;
let mcp: URL;
const program = fileURLToPath(new URL("../fixtures/odd-server.ts", import.meta.url));

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const good = stack.use(await reference());
  const odd = Object.fromEntries(
    await Promise.all(["silent", "slow", "lying", "ending"].map(async (kind) => [kind, [await startOdd(kind)]])),
  );
  gateway = stack.use(
    await standAt({ good: [good.origin], down: ["http://127.0.0.1:1"], none: [], ...odd }, { HOLD_SECONDS: "1" }),
  );
  mcp = new URL("/mcp", gateway.url);
  const register = registrar(gateway);
  for (const name of ["good", "down", "none", "silent", "slow", "lying", "ending"]) {
    await register.adapter({ name, exposeTools: true });
  }
  await register.adapter({ name: "hidden" });
});
afterAll(() => stack.disposeAsync());

async function startOdd(kind: string): Promise<string> {
  const child = Bun.spawn([process.execPath, program], {
    env: { ...process.env, ODD: kind, PORT: "0" },
    stdout: "pipe",
  });
  stack.defer(() => child.kill("SIGKILL"));
  for await (const bytes of child.stdout) return new TextDecoder().decode(bytes).trim().replace(/\/$/, "");
  throw new Error(`${kind} did not start`);
}

const list = async () => (await modern(mcp, "tools/list", {}, devHeaders("dev"))).result;

test("an adapter that is down, silent or ending keeps nobody else's tools from the list, and is named in it", async () => {
  const { tools, _meta } = await list();
  const names = tools.map(({ name }) => name);
  expect(names).toContain("good_test_simple_text");
  expect(names).toContain("slow_late");
  const absent = _meta?.["mcp-gateway/absent"]?.map(({ adapter }) => adapter);
  expect(absent).toEqual(["down", "ending", "none", "silent"]);
  for (const { reason } of _meta?.["mcp-gateway/absent"] ?? []) expect(reason).toMatch(/[a-z]{3,}/);
});

test("of a list full of lies only what a client can use is shown, once", async () => {
  const lied = (await list()).tools.filter(({ name }) => name.startsWith("lying"));
  expect(lied).toHaveLength(1);
  expect(lied[0]).toMatchObject({ name: "lying_twice", description: "the first" });
});

test("status says how the router sees an adapter", async () => {
  await list();
  const exposure = async (name: string) =>
    (await api.getAdapterStatus({ client: gateway.as(), path: { name } })).data?.exposure;
  expect(await exposure("good")).toMatchObject({ state: "listed", reason: null });
  expect((await exposure("good"))?.estimatedTokens).toBeGreaterThan(100);
  expect(await exposure("silent")).toMatchObject({ state: "absent", tools: null });
  expect(await exposure("hidden")).toBeNull();
});

test("once known to be absent, an adapter delays no list until it is asked again", async () => {
  await list();
  const waits = await until("a list without waiting", async () => {
    const startMs = performance.now();
    await list();
    return performance.now() - startMs < 500;
  });
  expect(waits).toBe(true);
});

test("a call of an absent adapter's tool is answered in words", async () => {
  const { status, error } = await modern(
    mcp,
    "tools/call",
    { name: "down_anything", arguments: {} },
    devHeaders("dev"),
  );
  expect(status).toBe(200);
  expect(error?.message).toContain("down_anything");
});
