import { expect, test } from "bun:test";
import { accessKey } from "../../../gateway/data-plane/router/caller.ts";
import { mayShow, shownName } from "../../../gateway/data-plane/router/lists/shown-name.ts";
import {
  originOfUri,
  shownContents,
  shownLinks,
  shownPromptMessages,
  shownUri,
} from "../../../gateway/data-plane/router/lists/shown-uri.ts";

const long = "a".repeat(52);

test.each([
  ["weather", "forecast", "weather_forecast"],
  ["weather", "Forecast", "weather_Forecast"],
  ["weather", "get_the-Forecast2", "weather_get_the-Forecast2"],
  ["github", "get_repository", "github_get_repository"],
  ["a", "b".repeat(58), `a_${"b".repeat(58)}`],
])("%s's %s fits and is shown as %s", (adapter, name, shown) => {
  expect(shownName(adapter, name)).toBe(shown);
});

test.each([
  ["weather", "forecast.v2", "weather_forecast-v2__tjuh73bjdq"],
  ["weather", "погода", "weather_-__mtmt4jyvi2"],
  ["a", "b".repeat(59), `a_${"b".repeat(46)}__cnil4d53zp`],
  ["a", "b".repeat(200), `a_${"b".repeat(46)}__sggsrnibv3`],
  [long, "forecast", `${"a".repeat(39)}_forecast__2jyilzaejb`],
  [long, "get_the_forecast", `${"a".repeat(36)}_get_the_for__t6qmw2fmx4`],
  ["a", "\ud800", "a_-__xpevcr5j5o"],
])("%s's %s is shortened, readable, and the same after every restart", (adapter, name, shown) => {
  expect(shownName(adapter, name)).toBe(shown);
  expect(shown.length).toBeLessThanOrEqual(60);
  expect(shown).toMatch(/^[A-Za-z0-9_-]+$/);
});

test("who differs by key and by role has another access than who has them exchanged", () => {
  const keyOf = (key: string, ...roles: string[]) => accessKey({ key, id: key, name: key, roles });
  expect(keyOf("x", "y")).not.toBe(keyOf("y", "x"));
  expect(keyOf("x", "b", "A")).toBe(keyOf("x", "a", "B", "a"));
});

test("no server can give a tool the name that another's is shortened to", () => {
  const victim = shownName("weather", "forecast.v2");
  const crafted = victim.slice("weather_".length);
  expect(shownName("weather", crafted)).not.toBe(victim);
  expect(shownName("weather", crafted)).toMatch(/^weather_forecast-v2__tjuh73bjdq__[a-z2-7]{10}$/);
});

test("different tools have different names, also when only case, unicode or the end differs", () => {
  const odd = [
    "a",
    "A",
    "a ",
    " a",
    "a.",
    "a-",
    "a_",
    "á",
    "a\u0301",
    "а",
    "a\u0000",
    "a".repeat(199),
    "a".repeat(200),
  ];
  const pairs = ["x", "x-y", "y", long, `${"a".repeat(51)}b`].flatMap((adapter) =>
    [...odd, "y_a", "_a", "aaaaaaaaaa", "_aaaaaaaaaa"].map((name) => [adapter, name] as const),
  );
  expect(new Set(pairs.map(([adapter, name]) => shownName(adapter, name))).size).toBe(pairs.length);
});

test("a name tells whose tool it may be", () => {
  for (const adapter of ["x", "x-y", long, "a".repeat(41)]) {
    for (const name of ["a", "b_c", "é", "n".repeat(100)])
      expect(mayShow(adapter, shownName(adapter, name))).toBe(true);
  }
  expect(mayShow("x-y", "x_y")).toBe(false);
  expect(mayShow("weather", "weather")).toBe(false);
  expect(mayShow(long, `${"a".repeat(40)}_plain`)).toBe(false);
});

test.each(["file:///x", "https://h/p?q=1+2#f", "weird", "x+y+z", "a\nb", "{+path}/{id}"])("%s is read back", (uri) => {
  expect(shownUri("a-1", uri)).toBe(`mcp+a-1+${uri}`);
  expect(originOfUri(`mcp+a-1+${uri}`)).toEqual({ adapter: "a-1", uri });
});

test.each(["", "mcp+", "mcp+a", "mcp+a+", "mcp++x", "mcp+A+x", "file:///x", "xmcp+a+x"])(
  "%p is nobody's URI",
  (uri) => {
    expect(originOfUri(uri)).toBeUndefined();
  },
);

test("links and embedded resources of a result lead to the router, and nothing else is touched", () => {
  const result = {
    content: [
      { type: "text", text: "file:///x" },
      { type: "resource_link", uri: "file:///x", name: "x" },
      { type: "resource", resource: { uri: "file:///y", text: "t" } },
      { type: "resource" },
      { type: "resource_link", uri: 7 },
      null,
      "text",
    ],
    structuredContent: { uri: "file:///x" },
  };
  expect(shownLinks("a", result)).toEqual({
    content: [
      { type: "text", text: "file:///x" },
      { type: "resource_link", uri: "mcp+a+file:///x", name: "x" },
      { type: "resource", resource: { uri: "mcp+a+file:///y", text: "t" } },
      { type: "resource" },
      { type: "resource_link", uri: 7 },
      null,
      "text",
    ],
    structuredContent: { uri: "file:///x" },
  });
  expect(shownLinks("a", { content: "none" })).toEqual({ content: "none" });
  expect(shownContents("a", { contents: [{ uri: "u", text: "t" }, 1] })).toEqual({
    contents: [{ uri: "mcp+a+u", text: "t" }, 1],
  });
});

test("so do those of a prompt's messages, with one block or several", () => {
  const link = { type: "resource_link", uri: "u" };
  const shown = { type: "resource_link", uri: "mcp+a+u" };
  const messages = [{ role: "user", content: link }, { role: "user", content: [link, link] }, null, { role: "user" }];
  expect(shownPromptMessages("a", { messages })).toEqual({
    messages: [{ role: "user", content: shown }, { role: "user", content: [shown, shown] }, null, { role: "user" }],
  });
});
