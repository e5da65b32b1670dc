import { expect, test } from "bun:test";
import type { ServerTool } from "../../../openapi/servers.ts";
import { selection } from "../../../gateway/data-plane/router/lists/selection.ts";
import { callerNamed, stand, toolNamed, withTools } from "./fake-peers.ts";

const ann = callerNamed("ann");

function standWith(tools: readonly ServerTool[], toolSearch = false, options = {}) {
  const s = stand(options);
  const server = s.put("server", "support", { tools: [...tools], toolSearch });
  const { shownBy, find, statusOf } = selection({ catalogue: s });
  return {
    ...s,
    server,
    shownBy: () => shownBy(server, ann),
    shown: async () => (await shownBy(server, ann)).entries.map(({ name }) => name),
    find: (name: string) => find(server, name, ann),
    statusOf: () => statusOf(server, ann),
  };
}

test("tools stand in the order of the selection, under their new names", async () => {
  const s = standWith([
    { adapter: "b", tool: "z", as: "zed", description: "The last" },
    { tool: "own", as: "mine" },
    { adapter: "a", tool: "x" },
    { adapter: "b", tool: "*" },
    { tool: "*" },
  ]);
  s.tool("own");
  s.tool("also");
  s.adapter("a", withTools(["x", "y"]));
  s.adapter("b", withTools(["z", "n", "m"]), { exposeTools: false });
  const { entries, missing, absent } = await s.shownBy();
  expect(entries.map(({ name, definition }) => [name, definition.name, definition.description])).toEqual([
    ["zed", "zed", "The last"],
    ["mine", "mine", undefined],
    ["a_x", "a_x", "Does x"],
    ["b_n", "b_n", "Does n"],
    ["b_m", "b_m", "Does m"],
    ["also", "also", undefined],
  ]);
  expect(entries[0]?.origin).toMatchObject({ kind: "adapter", name: "z" });
  expect({ missing, absent }).toEqual({ missing: [], absent: [] });
});

test("without a name of its own a tool is shown as in the router", async () => {
  const s = standWith([
    { adapter: "a", tool: "x" },
    { adapter: "a", tool: "y" },
  ]);
  s.adapter("a", withTools(["y", "x"]), { exposeTools: [{ tool: "x", as: "ex", description: "Ex" }] });
  const { entries } = await s.shownBy();
  expect(entries.map(({ name, definition }) => [name, definition.description])).toEqual([
    ["a_ex", "Ex"],
    ["a_y", "Does y"],
  ]);
});

test("what the caller may not use at its origin looks like what does not exist", async () => {
  const s = standWith([
    { tool: "secret" },
    { tool: "none" },
    { adapter: "closed", tool: "t" },
    { adapter: "closed", tool: "*" },
    { adapter: "none", tool: "t" },
    { adapter: "a", tool: "none" },
    { adapter: "a", tool: "t" },
  ]);
  s.tool("secret", {}, { requiredRoles: ["other"] });
  s.adapter("closed", withTools(["t"]), { requiredRoles: ["other"] });
  s.adapter("a", withTools(["t"]));
  const { entries, missing } = await s.shownBy();
  expect(entries.map(({ name }) => name)).toEqual(["a_t"]);
  const reason = "There is no such tool for you.";
  expect(missing).toEqual([
    { adapter: null, tool: "secret", reason },
    { adapter: null, tool: "none", reason },
    { adapter: "closed", tool: "t", reason },
    { adapter: "closed", tool: "*", reason },
    { adapter: "none", tool: "t", reason },
    { adapter: "a", tool: "none", reason: "The adapter has no such tool for you." },
  ]);
  expect(await s.find("secret")).toBeUndefined();
  expect(await s.find("closed_t")).toBeUndefined();
  expect(s.asked.map(({ adapter }) => adapter)).not.toContain("closed");
});

test("of two tools with one name the first is shown, and the other is missing", async () => {
  const s = standWith([
    { adapter: "a", tool: "x", as: "t" },
    { tool: "t" },
    { adapter: "a", tool: "y", as: "a_x" },
    { adapter: "a", tool: "x" },
  ]);
  s.tool("t");
  s.adapter("a", withTools(["x", "y"]));
  const { entries, missing } = await s.shownBy();
  expect(entries.map(({ name, origin }) => [name, origin.kind])).toEqual([
    ["t", "adapter"],
    ["a_x", "adapter"],
  ]);
  const reason = "Another tool before it has the same name.";
  expect(missing).toEqual([
    { adapter: null, tool: "t", reason },
    { adapter: "a", tool: "x", reason },
  ]);
  expect(await s.find("t")).toEqual(entries[0] as never);
  expect((await s.find("a_x"))?.origin).toMatchObject({ name: "y" });
});

test("an adapter that cannot be read is absent, its tools are missing, and the others are there", async () => {
  const s = standWith([
    { adapter: "down", tool: "t" },
    { adapter: "down", tool: "*" },
    { adapter: "a", tool: "t" },
  ]);
  s.adapter("down", { identity: "unavailable" });
  s.adapter("a", withTools(["t"]));
  const { entries, missing, absent } = await s.shownBy();
  const reason = "The adapter's list cannot be read. It is down.";
  expect(entries.map(({ name }) => name)).toEqual(["a_t"]);
  expect(absent).toEqual([{ adapter: "down", reason: "It is down." }]);
  expect(missing).toEqual([
    { adapter: "down", tool: "t", reason },
    { adapter: "down", tool: "*", reason },
  ]);
});

test("to find a tool no adapter is asked but the one that may have it", async () => {
  const s = standWith([
    { adapter: "b", tool: "*" },
    { adapter: "a", tool: "x", as: "b_ex" },
    { adapter: "c", tool: "*" },
    { tool: "own" },
  ]);
  for (const name of ["a", "b", "c"]) s.adapter(name, withTools(["x"], { ttlMs: 0 }));
  s.tool("own");
  expect((await s.find("own"))?.name).toBe("own");
  expect(await s.find("a_x")).toBeUndefined();
  expect(await s.find("x")).toBeUndefined();
  expect(s.asked).toEqual([]);
  expect((await s.find("c_x"))?.name).toBe("c_x");
  expect(s.asked.map(({ adapter }) => adapter)).toEqual(["c"]);
  expect((await s.find("c_x"))?.name).toBe("c_x");
  expect(s.asked.map(({ adapter }) => adapter)).toEqual(["c"]);
  expect((await s.find("b_ex"))?.origin).toMatchObject({ name: "x" });
});

test("the selection is the same object until something changes", async () => {
  const s = standWith([{ tool: "*" }, { adapter: "a", tool: "*" }]);
  s.tool("one");
  s.adapter("a", withTools(["t"]));
  const first = await s.shownBy();
  expect(await s.shownBy()).toBe(first);
  s.tool("two");
  expect(await s.shown()).toEqual(["one", "two", "a_t"]);
  s.break("a");
  s.put("adapter", "a");
  expect(await s.shown()).toEqual(["one", "two"]);
});

test("the status counts the tools, and the tokens of the list that the caller gets", async () => {
  const many = Array.from({ length: 100 }, (_, i) => toolNamed(`t${i}`));
  const plain = standWith([{ adapter: "a", tool: "*" }, { tool: "gone" }]);
  plain.adapter("a", withTools([toolNamed("t")]));
  const missing = [{ adapter: null, tool: "gone", reason: "There is no such tool for you." }];
  // [{"name":"a_t","description":"Does t","inputSchema":{"type":"object"}}]: 71 bytes.
  expect(await plain.statusOf()).toEqual({ tools: 1, estimatedTokens: 18, missing });
  const searched = standWith([{ adapter: "a", tool: "*" }], true);
  searched.adapter("a", withTools(many));
  const { tools, estimatedTokens } = await searched.statusOf();
  expect(tools).toBe(100);
  expect(estimatedTokens).toBeLessThan(700);
});
