import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { startReferenceServer } from "../conformance/reference.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { clientKinds } from "../support/mcp-clients.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";

const stack = new AsyncDisposableStack();
let gateway: TestGateway;

beforeAll(async () => {
  const server = stack.use(await startReferenceServer());
  const store = stack.use(await temporaryStore());
  const runtime = staticRuntime([endpointAt(new URL(server.url).origin, "ref-0")]);
  gateway = stack.use(await startGateway({}, { store, runtime }));
  const body = {
    name: "ref",
    imageName: "reference",
    imageVersion: "1",
    requiredRoles: ["mcp.dev", "mcp.ops"],
    allowedTools: { "*": ["test_simple_text"], "mcp.ops": ["whoami", "replica"] },
  };
  const { response } = await api.createAdapter({ client: gateway.as("alice"), body });
  expect(response?.status).toBe(201);
});
afterAll(() => stack.disposeAsync());

for (const [kind, connect] of Object.entries(clientKinds)) {
  describe(`SDK ${kind}`, () => {
    test.each([
      ["a caller", "bob", ["mcp.dev"], ["test_simple_text"]],
      ["a caller with a role", "bob", ["mcp.ops"], ["replica", "test_simple_text", "whoami"]],
      ["the adapter's creator", "alice", [], ["test_simple_text"]],
    ])("%s sees and calls what the policy gives it, and nothing else", async (_who, user, roles, tools) => {
      const client = await connect(gateway.mcpUrl("ref"), devHeaders(user, ...roles));
      expect((await client.tools()).toSorted()).toEqual(tools);
      expect(await client.call("test_simple_text")).toBe("This is a simple text response for testing.");
      await expect(client.call("echo_headers")).rejects.toThrow("Unknown tool: echo_headers");
      if (tools.includes("whoami")) expect(await client.call("whoami")).toContain("bob");
      else await expect(client.call("whoami")).rejects.toThrow("Unknown tool: whoami");
      await client.end();
    });

    test("an admin is not bound by it", async () => {
      const client = await connect(gateway.mcpUrl("ref"), devHeaders("root", "mcp.admin"));
      expect((await client.tools()).length).toBeGreaterThan(20);
      expect(await client.call("echo_headers")).toContain("x-mcp-userid");
      await client.end();
    });
  });
}

test("what Mcp-Name says does not let a forbidden tool by", async () => {
  const response = await fetch(gateway.mcpUrl("ref"), {
    method: "POST",
    headers: { ...devHeaders("bob"), "mcp-name": "test_simple_text", "mcp-method": "tools/call" },
    body: '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"whoami","arguments":{}}}',
  });
  expect(await response.json()).toEqual({
    jsonrpc: "2.0",
    error: { code: -32602, message: "Unknown tool: whoami" },
    id: "a",
  });
});
