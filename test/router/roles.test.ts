import { afterAll, beforeAll, expect, test } from "bun:test";
import { devHeaders, type TestGateway } from "../support/gateway.ts";
import { clientKinds } from "../support/mcp-clients.ts";
import { modern, reference, registrar, standAt } from "./stand.ts";

let stack: AsyncDisposableStack;
let gateway: TestGateway;
let mcp: URL;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const server = stack.use(await reference());
  const tool = stack.use(
    disposable(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ ok: true }) })),
  );
  gateway = stack.use(await standAt({ docs: [server.origin], sales: [tool.origin], plant: [tool.origin] }));
  mcp = new URL("/mcp", gateway.url);
  const register = registrar(gateway, "owner");
  await register.tool("sales", { requiredRoles: ["sales"] });
  await register.tool("plant", { requiredRoles: ["plant"] });
  await register.adapter({
    name: "docs",
    requiredRoles: ["sales", "plant"],
    exposeTools: true,
    allowedTools: { sales: ["test_simple_text"], plant: ["test_simple_text", "test_image_content"] },
  });
});
afterAll(() => stack.disposeAsync());

function disposable(server: Bun.Server<undefined>) {
  return { origin: server.url.origin, [Symbol.asyncDispose]: async () => server.stop(true) };
}

async function namesFor(userId: string, role: string): Promise<string[]> {
  const { result } = await modern(mcp, "tools/list", {}, devHeaders(userId, role));
  return result.tools.map(({ name }) => name);
}

test("each principal sees what it may use, whoever asked before", async () => {
  const sold = ["docs_test_simple_text", "sales"];
  const grown = ["docs_test_image_content", "docs_test_simple_text", "plant"];
  expect(await namesFor("sam", "sales")).toEqual(sold);
  expect(await namesFor("pia", "plant")).toEqual(grown);
  expect(await namesFor("sam", "sales")).toEqual(sold);
  expect(await namesFor("sam", "plant")).toEqual(grown);
  expect(await namesFor("sam", "other")).toEqual([]);
  const both = await Promise.all([namesFor("sam", "sales"), namesFor("pia", "plant"), namesFor("zoe", "sales")]);
  expect(both).toEqual([sold, grown, sold]);
});

test.each(["plant", "docs_test_image_content", "docs_test_error_handling", "nothing", "docs_nothing", "__proto__"])(
  "%s cannot be called by who may not list it, and looks as if it did not exist",
  async (name) => {
    const { status, error } = await modern(mcp, "tools/call", { name, arguments: {} }, devHeaders("sam", "sales"));
    expect({ status, error }).toEqual({
      status: 200,
      error: { code: -32602, message: `Unknown tool: ${name}` },
    } as never);
  },
);

test("who may, calls it, in both eras", async () => {
  const { result } = await modern(mcp, "tools/call", { name: "sales", arguments: {} }, devHeaders("sam", "sales"));
  expect(result).toMatchObject({ content: [{ type: "text", text: '{"ok":true}' }] });
  const client = await clientKinds.v1(mcp, devHeaders("sam", "sales"));
  expect(await client.call("docs_test_simple_text")).toBe("This is a simple text response for testing.");
  await client.end();
});

test("who may not use an adapter is not even told that its list is absent", async () => {
  const { result } = await modern(mcp, "tools/list", {}, devHeaders("sam", "other"));
  expect(result._meta?.["mcp-gateway/absent"]).toBeUndefined();
});

test("lists are private and say how long they are good for", async () => {
  const { result } = await modern(mcp, "tools/list", {}, devHeaders("sam", "sales"));
  expect(result).toMatchObject({ resultType: "complete", cacheScope: "private", ttlMs: 60_000 });
});

test("prompts and resources of an adapter are read back under the names they are shown by", async () => {
  const headers = devHeaders("owner");
  const { result: prompts } = await modern(mcp, "prompts/list", {}, headers);
  expect(prompts.prompts.map(({ name }) => name)).toContain("docs_test_simple_prompt");
  const { result: prompt } = await modern(mcp, "prompts/get", { name: "docs_test_simple_prompt" }, headers);
  expect(prompt.messages).toHaveLength(1);

  const { result: resources } = await modern(mcp, "resources/list", {}, headers);
  const uris = resources.resources.map(({ uri }) => uri);
  expect(uris).toContain("mcp+docs+test://static-text");
  const { result: read } = await modern(mcp, "resources/read", { uri: "mcp+docs+test://static-text" }, headers);
  expect(read.contents[0]?.uri).toBe("mcp+docs+test://static-text");
  const { result: templates } = await modern(mcp, "resources/templates/list", {}, headers);
  expect(templates.resourceTemplates[0]?.uriTemplate).toStartWith("mcp+docs+test://");

  const foreign = await modern(
    mcp,
    "resources/read",
    { uri: "mcp+docs+test://static-text" },
    devHeaders("eve", "none"),
  );
  expect(foreign.error).toEqual({
    code: -32602,
    message: "Unknown resource: mcp+docs+test://static-text",
    data: { uri: "mcp+docs+test://static-text" },
  });
});

test("the router has no sessions: GET and DELETE are not possible, and any id is ignored", async () => {
  for (const method of ["GET", "DELETE"]) {
    const response = await fetch(mcp, { method, headers: { ...devHeaders("sam"), accept: "text/event-stream" } });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  }
});
