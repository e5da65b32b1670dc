import { expect, test } from "bun:test";
import { isSpecType } from "@modelcontextprotocol/server";
import type { Listed } from "../../../gateway/data-plane/router/listing.ts";
import { toolSearch } from "../../../gateway/data-plane/router/lists/tool-search.ts";
import { toolNamed } from "./fake-peers.ts";

function listed(tools: readonly Record<string, unknown>[]): Listed[] {
  return tools.map((definition) => ({ name: String(definition.name), definition, origin: {} as never }));
}

const catalogue = listed([
  toolNamed("github_create_issue", { description: "Opens a ticket in a repository" }),
  toolNamed("weather_getForecast", { description: "Rain or sun in the next days", title: "Forecast" }),
  toolNamed("mail_sendHTMLMessage", { description: "x".repeat(300) }),
  toolNamed("crm-find-customer", {
    description: "Looks people up",
    inputSchema: { type: "object", properties: { phoneNumber: { type: "string" } } },
    annotations: { title: "Customers" },
  }),
  { name: "bare", inputSchema: { type: "object" }, description: 7, title: {} },
]);
const names = (query: string, limit?: number) =>
  toolSearch(catalogue)
    .search(query, limit)
    .map(({ name }) => name);

test.each([
  ["create issue", "github_create_issue"],
  ["github_create_issue", "github_create_issue"],
  ["ISSUE", "github_create_issue"],
  ["isue", "github_create_issue"],
  ["repo", "github_create_issue"],
  ["forecast", "weather_getForecast"],
  ["is there rain tomorrow?", "weather_getForecast"],
  ["html", "mail_sendHTMLMessage"],
  ["message", "mail_sendHTMLMessage"],
  ["customer", "crm-find-customer"],
  ["phone", "crm-find-customer"],
  ["bare", "bare"],
])("%s finds %s first", (query, name) => {
  expect(names(query)[0]).toBe(name);
});

test("what fits nothing finds nothing", () => {
  expect(names("zebra")).toEqual([]);
  expect(names("__proto__ constructor")).toEqual([]);
});

test("without a word there are the first of all, ten unless more are wanted, and fifty at most", () => {
  const many = toolSearch(listed(Array.from({ length: 80 }, (_, i) => toolNamed(`tool_${i}`))));
  expect(many.search("").map(({ name }) => name)).toEqual(Array.from({ length: 10 }, (_, i) => `tool_${i}`));
  expect(many.search(" ?! ", 3)).toHaveLength(3);
  for (const query of ["", "tool"]) {
    expect(many.search(query)).toHaveLength(10);
    expect(many.search(query, 1000)).toHaveLength(50);
    expect(many.search(query, -1)).toHaveLength(1);
    expect(many.search(query, Number.NaN)).toHaveLength(10);
  }
});

test("a result has a name, a title where there is one, and the description's first 200 characters", () => {
  const { search } = toolSearch(catalogue);
  expect(search("forecast")).toEqual([
    { name: "weather_getForecast", title: "Forecast", description: "Rain or sun in the next days" },
  ]);
  expect(search("html")).toEqual([{ name: "mail_sendHTMLMessage", description: "x".repeat(200) }]);
  expect(search("bare")).toEqual([{ name: "bare", description: "" }]);
});

test("a description is the whole definition, of a tool that is in the list", () => {
  const { describe } = toolSearch(catalogue);
  expect(describe("github_create_issue")).toBe(catalogue[0]?.definition as never);
  expect(describe("toString")).toBeUndefined();
});

test("the same list has the same search, and another none of its tools", () => {
  expect(toolSearch(catalogue)).toBe(toolSearch(catalogue));
  expect(toolSearch(listed([toolNamed("other")])).search("github")).toEqual([]);
});

test("a query of a megabyte, or in any script, is answered", () => {
  expect(names("issue ".repeat(200_000))[0]).toBe("github_create_issue");
  expect(names(`issue ${"x".repeat(1_000_000)}`)[0]).toBe("github_create_issue");
  // Its first 500 characters and 30 words are looked for.
  const words = Array.from({ length: 30 }, (_, i) => `q${i}`).join(" ");
  expect([names(`${" ".repeat(500)}issue`), names(`${words} issue`)]).toEqual([
    ["github_create_issue", "weather_getForecast", "mail_sendHTMLMessage", "crm-find-customer", "bare"],
    [],
  ]);
  expect(toolSearch(listed([toolNamed("t", { description: "Прогноз погоды" })])).search("прогноз")).toHaveLength(1);
  expect(names("\ud800 issue")[0]).toBe("github_create_issue");
});

test("the tools for it are tools by the specification", () => {
  const { tools } = toolSearch(catalogue);
  expect(tools.map(({ name, annotations }) => [name, annotations.readOnlyHint])).toEqual([
    ["search_tools", true],
    ["describe_tool", true],
    ["call_tool", false],
  ]);
  for (const tool of tools) expect(isSpecType.Tool(tool)).toBe(true);
});
