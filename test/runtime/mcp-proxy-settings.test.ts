import { expect, test } from "bun:test";
import { proxySettings } from "../../gateway/runtime/images/mcp-proxy/settings.ts";
import { words } from "../../gateway/runtime/images/mcp-proxy/words.ts";

test("arguments are split as a shell would, and no shell runs", () => {
  const cases: [string, string[] | undefined][] = [
    ["", []],
    ["  a\tb\n c ", ["a", "b", "c"]],
    ["'a b' \"c d\"", ["a b", "c d"]],
    ["a'b c'd", ["ab cd"]],
    ["'' \"\"", ["", ""]],
    ["a\\ b \\'", ["a b", "'"]],
    ['"a\\"b" "a\\nb" "\\\\"', ['a"b', "a\\nb", "\\"]],
    ["'a\\'", ["a\\"]],
    ['$HOME `ls` *.ts ; "$(x)"', ["$HOME", "`ls`", "*.ts", ";", "$(x)"]],
    ["'a", undefined],
    ['"a', undefined],
    ["a\\", undefined],
  ];
  for (const [line, expected] of cases) expect([line, words(line)]).toEqual([line, expected]);
});

test("settings that cannot be are refused with a sentence", () => {
  const cases: [Record<string, string>, string][] = [
    [{}, "mcp-proxy needs MCP_COMMAND (a stdio server to run) or MCP_PROXY_URL (a remote server)."],
    [{ MCP_COMMAND: " " }, "mcp-proxy needs MCP_COMMAND (a stdio server to run) or MCP_PROXY_URL (a remote server)."],
    [{ MCP_COMMAND: "npx", MCP_PROXY_URL: "http://a/mcp" }, "mcp-proxy takes MCP_COMMAND or MCP_PROXY_URL, not both."],
    [{ MCP_COMMAND: "npx", MCP_ARGS: "'a" }, "MCP_ARGS ends within quotes or with a backslash."],
    [{ MCP_COMMAND: "npx", MCP_ARGS: "a ".repeat(65) }, "MCP_ARGS has 65 arguments, at most 64 are taken."],
    [{ MCP_COMMAND: "npx", MCP_ARGS: "a".repeat(513) }, "An argument in MCP_ARGS has more than 512 characters."],
    [{ MCP_PROXY_URL: "file:///etc/passwd" }, "MCP_PROXY_URL is not an http or https URL."],
    [{ MCP_PROXY_URL: "nonsense" }, "MCP_PROXY_URL is not an http or https URL."],
    [{ MCP_PROXY_URL: "http://u:p@a/" }, "MCP_PROXY_URL holds a password; give credentials in MCP_PROXY_HEADERS."],
  ];
  for (const [declared, reason] of cases) expect(proxySettings(declared)).toEqual({ mode: "refused", reason });
  for (const MCP_PROXY_HEADERS of ["x", "[]", '{"a":1}', '{"a b":"c"}', '{"a":"b\\nc"}']) {
    expect(proxySettings({ MCP_PROXY_URL: "https://a/mcp", MCP_PROXY_HEADERS }).mode).toBe("refused");
  }
});

test("settings that can be are taken", () => {
  expect(proxySettings({ MCP_COMMAND: "npx", MCP_ARGS: `${"a ".repeat(63)}${"b".repeat(512)}` })).toEqual({
    mode: "stdio",
    command: "npx",
    args: [...Array(63).fill("a"), "b".repeat(512)],
  });
  expect(proxySettings({ MCP_PROXY_URL: "https://a/mcp?b=c", MCP_PROXY_HEADERS: '{"X-Api-Key":"k"}' })).toEqual({
    mode: "remote",
    url: "https://a/mcp?b=c",
    headers: { "x-api-key": "k" },
  });
});
