import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { devHeaders, type TestGateway } from "../support/gateway.ts";
import { clientKinds } from "../support/mcp-clients.ts";
import { modern, reference, registrar, standAt } from "./stand.ts";

let stack: AsyncDisposableStack;
let gateway: TestGateway;
const ada = devHeaders("ada", "support");

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const server = stack.use(await reference());
  const echo = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => Response.json(await request.json()),
  });
  stack.defer(() => echo.stop(true));
  gateway = stack.use(await standAt({ docs: [server.origin], ticket: [echo.url.origin], payroll: [echo.url.origin] }));
  const register = registrar(gateway, "owner");
  await register.adapter({ name: "docs", requiredRoles: ["support"] });
  await register.tool("ticket", {
    requiredRoles: ["support"],
    tool: {
      description: "Files a complaint",
      inputSchema: { type: "object", properties: { about: { type: "string" } } },
    },
  });
  await register.tool("payroll");
  const tools = [
    { tool: "ticket", as: "open_ticket", description: "Opens a ticket" },
    { adapter: "docs", tool: "test_simple_text", as: "read" },
    { adapter: "docs", tool: "test_image_content" },
    { adapter: "docs", tool: "no-such-tool" },
    { tool: "payroll" },
  ];
  await register.server({ name: "support", requiredRoles: ["support"], tools });
  await register.server({
    name: "found",
    requiredRoles: ["support"],
    toolSearch: true,
    tools: [{ tool: "ticket" }, { adapter: "docs", tool: "*" }],
  });
});
afterAll(() => stack.disposeAsync());

const at = (name: string) => new URL(`/servers/${name}/mcp`, gateway.url);

for (const [kind, connect] of Object.entries(clientKinds)) {
  test(`SDK ${kind} sees what is selected, renamed, in its order, and calls it`, async () => {
    const client = await connect(at("support"), ada);
    expect(await client.tools()).toEqual(["open_ticket", "read", "docs_test_image_content"]);
    expect(await client.call("open_ticket", { about: "tea" })).toBe('{"about":"tea"}');
    expect(await client.call("read")).toBe("This is a simple text response for testing.");
    await client.end();
  });

  test(`SDK ${kind} searches, reads and calls where the catalogue is too large to list`, async () => {
    const client = await connect(at("found"), ada);
    expect(await client.tools()).toEqual(["search_tools", "describe_tool", "call_tool"]);
    expect(await client.call("search_tools", { query: "file complaint" })).toContain('"ticket"');
    expect(await client.call("search_tools", { query: "payroll" })).not.toContain("payroll");
    expect(await client.call("describe_tool", { name: "ticket" })).toContain('"about"');
    expect(await client.call("describe_tool", { name: "payroll" })).toContain("Error");
    expect(await client.call("call_tool", { name: "ticket", arguments: { about: "tea" } })).toBe('{"about":"tea"}');
    await client.end();
  });
}

test("the description is the server's own", async () => {
  const { result } = await modern(at("support"), "tools/list", {}, ada);
  expect(result.tools[0]).toMatchObject({ name: "open_ticket", description: "Opens a ticket" });
});

test("what is not selected, or not the caller's, cannot be called here", async () => {
  for (const name of ["ticket", "docs_test_simple_text", "payroll", "test_simple_text", "search_tools"]) {
    const { error } = await modern(at("support"), "tools/call", { name, arguments: {} }, ada);
    expect(error).toEqual({ code: -32602, message: `Unknown tool: ${name}` });
  }
  const { error } = await modern(at("found"), "tools/call", { name: "call_tool", arguments: { name: "payroll" } }, ada);
  expect(error?.message).toBe("Unknown tool: payroll");
});

test("a server is for those who hold its role; nobody else is told its tools", async () => {
  expect((await modern(at("support"), "tools/list", {}, devHeaders("eve", "other"))).status).toBe(403);
  expect((await modern(at("nothing"), "tools/list", {}, ada)).status).toBe(404);
});

test("status counts tools and tokens, and says what is missing", async () => {
  const { data } = await api.getServerStatus({ client: gateway.as("ada", "support"), path: { name: "support" } });
  expect(data?.tools).toBe(3);
  expect(data?.estimatedTokens).toBeGreaterThan(20);
  expect(data?.missing.map(({ adapter, tool }) => [adapter, tool])).toEqual([
    ["docs", "no-such-tool"],
    [null, "payroll"],
  ]);
  const found = await api.getServerStatus({ client: gateway.as("ada", "support"), path: { name: "found" } });
  expect(found.data?.tools).toBeGreaterThan(20);
});
