import { afterAll, beforeAll, expect, test } from "bun:test";
import { listed } from "../../gateway/control-plane/listing.ts";
import type { Resource, Store } from "../../gateway/store/store.ts";
import * as api from "../../openapi/client/index.ts";
import { registrar, runtimeAt } from "../router/stand.ts";
import { adapterBody, author, serverBody, toolBody } from "../store/records.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { temporaryStore } from "../support/store.ts";

const stack = new AsyncDisposableStack();
let store: Store;
let gateway: TestGateway;

beforeAll(async () => {
  store = stack.use(await temporaryStore());
  gateway = stack.use(await startGateway({ PUBLIC_ORIGIN: "https://mcp.example" }, { store, runtime: runtimeAt({}) }));
});
afterAll(() => stack.disposeAsync());

const headers = devHeaders("dev");
const at = (path: string) => fetch(new URL(path, gateway.url), { headers });

/** The URL of the next page at this gateway, wherever its callers find it. */
function nextOf(response: Response): string | undefined {
  const link = response.headers.get("link");
  if (link === null) return undefined;
  const [, path] = /^<https:\/\/mcp\.example(\/[^>]+)>; rel="next"$/.exec(link) ?? [];
  if (path === undefined) throw new Error(link);
  return path;
}

test("pages follow their links to the end: what stays is seen once, though records come and go", async () => {
  const register = registrar(gateway);
  for (const name of ["b", "d", "f", "h", "j", "l"]) await register.adapter({ name });
  const seen: string[] = [];
  let pages = 0;
  for (let path: string | undefined = "/adapters?limit=2"; path !== undefined;) {
    const response = await at(path);
    expect(response.status).toBe(200);
    const page = (await response.json()) as { name: string }[];
    seen.push(...page.map(({ name }) => name));
    path = nextOf(response);
    if (++pages > 1) continue;
    await register.adapter({ name: "a" });
    await register.adapter({ name: "g" });
    for (const name of ["b", "h"]) await api.deleteAdapter({ client: gateway.as(), path: { name } });
  }
  expect(seen).toEqual(["b", "d", "f", "g", "j", "l"]);
  expect(pages).toBe(3);
}, 30_000);

test("without a limit it is all of it, a plain array without a link", async () => {
  await using other = await temporaryStore();
  await using plain = await startGateway({}, { store: other, runtime: runtimeAt({}) });
  await registrar(plain).adapter({ name: "one" });
  await registrar(plain).adapter({ name: "two" });
  const { data, response } = await api.listAdapters({ client: plain.as() });
  expect(data?.map(({ name }) => name)).toEqual(["one", "two"]);
  expect(response?.headers.get("link")).toBeNull();
});

test("tools and virtual servers are paged as adapters are", async () => {
  const own = { requiredRoles: ["mcp.dev"] };
  for (const name of ["t1", "t2", "t3"]) await store.create("tool", name, toolBody(name, own), author);
  for (const name of ["s1", "s2", "s3"]) await store.create("server", name, serverBody(name, own), author);
  for (const [path, second] of [
    ["/tools", "t3"],
    ["/servers", "s3"],
  ]) {
    const first = await at(`${path}?limit=2`);
    expect(await first.json()).toHaveLength(2);
    const next = await at(nextOf(first) ?? "none");
    expect(await next.json()).toMatchObject([{ name: second }]);
    expect(nextOf(next)).toBeUndefined();
    expect(nextOf(await at(`${path}?limit=3`))).toBeUndefined();
  }
});

test("a limit or cursor that is none is refused in words", async () => {
  const nul = Buffer.from("a\u0000").toString("base64url");
  for (const query of ["limit=0", "limit=1001", "limit=x", "cursor=", "cursor=%21", `cursor=${nul}`, "cursor=_w"]) {
    const response = await at(`/adapters?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: expect.stringMatching(/^(limit|cursor): /) });
  }
});

test("a page does not look at more than 10 000 records; the next one goes on where it stopped", async () => {
  const asked: number[] = [];
  const names = Array.from({ length: 10_300 }, (_, i) => `n${String(i).padStart(5, "0")}`);
  const list = async (_kind: string, page?: { after: string | undefined; limit: number }) => {
    const later = names.filter((name) => page?.after === undefined || name > page.after).slice(0, page?.limit);
    asked.push(later.length);
    return later.map(
      (name) => ({ kind: "adapter", name, deleting: false, body: adapterBody(name) }) as Resource<"adapter">,
    );
  };
  const ask = (after: string | undefined) =>
    listed({
      store: { list: list as unknown as Store["list"] },
      kind: "adapter",
      isShown: ({ name }) => name >= "n10200",
      after,
      limit: 1000,
    });
  const first = await ask(undefined);
  expect(first.resources).toEqual([]);
  expect(asked.reduce((sum, count) => sum + count)).toBe(10_000);
  expect(Math.max(...asked)).toBe(500);
  expect(first.next).toBe(Buffer.from("n09999").toString("base64url"));
  const second = await ask("n09999");
  expect(second.resources).toHaveLength(100);
  expect(second.next).toBeNull();
});
