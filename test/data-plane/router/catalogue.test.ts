import { expect, test } from "bun:test";
import { callerNamed, stand, toolNamed, withTools } from "./fake-peers.ts";

const ann = callerNamed("ann");

test("a list has what its caller may read, in ascending order of name", async () => {
  const s = stand();
  s.tool("zoo");
  s.tool("alpha", {}, { requiredRoles: ["other"] });
  s.tool("mine", {}, { requiredRoles: [], createdBy: "ann" });
  s.put("tool", "leaving", { deleting: true });
  s.adapter("m", withTools(["b", "B", "a"]));
  s.adapter("closed", withTools(["t"]), { requiredRoles: ["other"] });
  s.adapter("hidden", withTools(["t"]), { exposeTools: false });
  s.adapter("going", withTools(["t"]), { deleting: true } as never);
  expect(await s.names(ann)).toEqual(["m_B", "m_a", "m_b", "mine", "zoo"]);
  expect(await s.names(callerNamed("eve", ["other"]))).toEqual(["alpha", "closed_t"]);
  expect(await s.names(callerNamed("root", ["admin"]))).toEqual([
    "alpha",
    "closed_t",
    "m_B",
    "m_a",
    "m_b",
    "mine",
    "zoo",
  ]);
  expect(s.asked.map(({ adapter }) => adapter)).not.toContain("hidden");
});

test("roles that come or go with a token change the list at once", async () => {
  const s = stand();
  s.tool("one", {}, { requiredRoles: ["a"] });
  s.tool("two", {}, { requiredRoles: ["b"] });
  const lists = [["a"], ["b"], ["a", "b"], [], ["a"]].map((roles) => s.names(callerNamed("ann", roles)));
  expect(await Promise.all(lists)).toEqual([["one"], ["two"], ["one", "two"], [], ["one"]]);
});

test("a tool resource is shown in MCP's form, without how its program is asked", async () => {
  const s = stand();
  s.tool("t", {
    title: "T",
    description: "Does t",
    inputSchema: { type: "object", properties: { a: { type: "string", "x-mcp-header": "A" } } },
    annotations: { readOnlyHint: true },
    type: "http",
    properties: { method: "GET" },
  });
  const { entries } = await s.list("tools", ann);
  expect(entries.map(({ definition }) => definition)).toEqual([
    {
      name: "t",
      title: "T",
      description: "Does t",
      inputSchema: { type: "object", properties: { a: { type: "string" } } },
      annotations: { readOnlyHint: true },
    },
  ]);
  expect(entries[0]?.origin).toEqual({ kind: "tool", resource: s.view.get("tool", "t") } as never);
});

test("an adapter's choice narrows, renames and describes its tools, and leaves prompts alone", async () => {
  const s = stand();
  const tools = withTools(["x", "y", "z"]);
  s.adapter(
    "a",
    {
      identity: { capabilities: { tools: {}, prompts: {} } },
      answer: (method, ...rest) =>
        method === "prompts/list" ? { prompts: [{ name: "x" }] } : (tools.answer?.(method, ...rest) ?? {}),
    },
    {
      exposeTools: [{ tool: "y", as: "Why", description: "Tells why" }, { tool: "x" }, { tool: "gone" }, { tool: "Z" }],
    },
  );
  s.adapter("b", tools, { exposeTools: [{ tool: "y", as: "x" }, { tool: "*" }] });
  s.adapter("c", tools, { exposeTools: [] });
  const { entries } = await s.list("tools", ann);
  expect(
    entries.map(({ name, definition, origin }) => [
      name,
      definition.description,
      origin.kind === "adapter" && origin.name,
    ]),
  ).toEqual([
    ["a_Why", "Tells why", "y"],
    ["a_x", "Does x", "x"],
    ["b_x", "Does y", "y"],
    ["b_z", "Does z", "z"],
  ]);
  expect(await s.names(ann, "prompts")).toEqual(["a_x"]);
  expect(await s.find("tools", "a_Why", ann)).toBe(entries[0]);
  expect(await s.find("tools", "a_z", ann)).toBeUndefined();
});

test("tools whose names nearly collide are all there, each under a name of its own", async () => {
  const s = stand();
  const long = "x".repeat(200);
  s.tool("a");
  s.tool("a-b");
  s.adapter("a-b", withTools(["c", "C", "ç", "c\u0327", "c.", "c/", long, `${long}y`, "_c"]));
  s.adapter("a-b-c", withTools(["c"]));
  const { entries } = await s.list("tools", ann);
  expect(entries).toHaveLength(12);
  expect(new Set(entries.map(({ name }) => name)).size).toBe(12);
  for (const entry of entries) {
    expect(entry.name).toMatch(/^[A-Za-z0-9_-]{1,60}$/);
    expect(await s.find("tools", entry.name, ann)).toBe(entry);
    expect(entry.definition.name).toBe(entry.name);
  }
});

test("resources and templates have URIs that lead back", async () => {
  const s = stand();
  const resource = { uri: "file:///r", name: "r", mimeType: "text/plain" };
  const template = { uriTemplate: "file:///{id}", name: "t" };
  s.adapter("a", {
    identity: { capabilities: { resources: {} } },
    answer: (method) =>
      method === "resources/list" ? { resources: [resource, { uri: "no-name" }] } : { resourceTemplates: [template] },
  });
  s.tool("own");
  expect((await s.list("resources", ann)).entries.map(({ definition }) => definition)).toEqual([
    { uri: "mcp+a+file:///r", name: "r", mimeType: "text/plain" },
  ]);
  expect((await s.list("resourceTemplates", ann)).entries.map(({ definition }) => definition)).toEqual([
    { uriTemplate: "mcp+a+file:///{id}", name: "t" },
  ]);
  expect((await s.find("resources", "mcp+a+file:///r", ann))?.origin).toMatchObject({
    kind: "adapter",
    name: "file:///r",
  });
  expect(await s.find("resources", "mcp+b+file:///r", ann)).toBeUndefined();
});

test("what may not be listed is not found under its name, and no other adapter is asked for it", async () => {
  const s = stand();
  s.tool("secret", {}, { requiredRoles: ["other"] });
  s.adapter("a", withTools(["t"]));
  s.adapter("closed", withTools(["t"]), { requiredRoles: ["other"] });
  s.adapter("hidden", withTools(["t"]), { exposeTools: false });
  for (const name of ["secret", "closed_t", "hidden_t", "none", "none_t", "_t", "", "__proto__", "toString"]) {
    expect([name, await s.find("tools", name, ann)]).toEqual([name, undefined]);
  }
  expect(s.asked).toEqual([]);
  expect((await s.find("tools", "a_t", ann))?.name).toBe("a_t");
  expect(s.asked).toHaveLength(1);
});

test("a call asks for no new list where the name was seen a moment ago, however short the server wants it kept", async () => {
  const s = stand();
  s.adapter("a", withTools(["t"], { ttlMs: 0 }));
  await s.list("tools", ann);
  s.clock.ms += 60_000;
  expect((await s.find("tools", "a_t", ann))?.name).toBe("a_t");
  expect(s.asked).toHaveLength(1);
  expect(await s.find("tools", "a_new", ann)).toBeUndefined();
  expect(s.asked).toHaveLength(2);
  s.clock.ms += 60_001;
  await s.find("tools", "a_t", ann);
  expect(s.asked).toHaveLength(3);
});

test("the list is the same object until something changes, also for others who see the same", async () => {
  const s = stand();
  s.tool("one");
  s.tool("two");
  s.tool("other", {}, { requiredRoles: ["other"] });
  s.adapter("a", withTools(["t"]));
  const first = await s.list("tools", ann);
  expect(await s.list("tools", ann)).toBe(first);
  expect(await s.list("tools", callerNamed("bob"))).toBe(first);
  s.clock.ms += 60_000;
  expect(await s.list("tools", ann)).toBe(first);
  expect(s.asked).toHaveLength(3);

  s.tool("three");
  expect(await s.names(ann)).toEqual(["a_t", "one", "three", "two"]);
  s.adapter("a", withTools(["t"]), { exposeTools: [{ tool: "t", as: "renamed" }] });
  expect(await s.names(ann)).toEqual(["a_renamed", "one", "three", "two"]);
});

test("the status tells how an adapter was last seen, by whomever", async () => {
  const s = stand();
  const hidden = s.adapter("hidden", withTools(["t"]), { exposeTools: false });
  const adapter = s.adapter("a", withTools([toolNamed("t"), toolNamed("u")]));
  expect(s.exposureOf(hidden)).toBeNull();
  const unread = { state: "unread", reason: null, tools: null, estimatedTokens: null, readAt: null };
  expect(s.exposureOf(adapter)).toEqual(unread as never);
  await s.list("tools", ann);
  expect(s.exposureOf(adapter)).toEqual({
    state: "listed",
    reason: null,
    tools: 2,
    // [{"name":"t","description":"Does t","inputSchema":{"type":"object"}}, and the same for u: 137 bytes.
    estimatedTokens: 35,
    readAt: "1970-01-01T00:16:40.000Z",
  });
});
