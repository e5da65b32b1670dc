import { expect, test } from "bun:test";
import { devHeaders } from "../support/gateway.ts";
import { modern, registrar, standAt } from "./stand.ts";

const count = 1200;
const nameOf = (i: number) => `tool-${String(i).padStart(4, "0")}`;

/** A server of the legacy era, without sessions, that has many tools and says so in one page. */
function manyTools() {
  const inputSchema = { type: "object", properties: { city: { type: "string", description: "Where" } } };
  const tools = Array.from({ length: count }, (_, i) => ({ name: nameOf(i), description: "Does things", inputSchema }));
  const serverInfo = { name: "many", version: "1" };
  const results: Record<string, unknown> = {
    initialize: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo },
    "tools/list": { tools },
  };
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { id, method } = (await request.json()) as { id?: number; method: string };
      const result = results[method];
      if (id === undefined) return new Response(null, { status: 202 });
      return result ? Response.json({ jsonrpc: "2.0", id, result }) : new Response(null, { status: 400 });
    },
  });
}

test("a long list comes in pages, in one order, and each tool once", async () => {
  using server = manyTools();
  await using gateway = await standAt({ many: [server.url.origin] });
  await registrar(gateway, "ada").adapter({ name: "many", exposeTools: true });
  const mcp = new URL("/mcp", gateway.url);
  const names: string[] = [];
  const sizes: number[] = [];
  for (let cursor: string | undefined; ;) {
    const { result } = await modern(mcp, "tools/list", cursor ? { cursor } : {}, devHeaders("ada"));
    sizes.push(result.tools.length);
    names.push(...result.tools.map(({ name }) => name));
    cursor = result.nextCursor;
    if (!cursor) break;
  }
  expect(sizes).toEqual([1000, 200]);
  expect(names).toEqual(Array.from({ length: count }, (_, i) => `many_${nameOf(i)}`));
  const { error } = await modern(mcp, "tools/list", { cursor: "nonsense" }, devHeaders("ada"));
  expect(error).toEqual({ code: -32602, message: "Unknown cursor: list again from the beginning" });
});
