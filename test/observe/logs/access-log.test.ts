import { expect, test } from "bun:test";
import { accessLogLines } from "../../../gateway/observe/logs/access-log.ts";
import { openLog } from "../../../gateway/observe/logs/log.ts";
import { request as usual } from "../request.ts";

const request = {
  ...usual,
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  session: "0123456789abcdef",
  rpcError: -32602,
  durationMs: 12.3456,
  gatewayMs: 0.204,
  upstreamMs: 12.14,
};

function stand({ level = "info" } = {}) {
  const written: string[] = [];
  const log = openLog(level);
  const lines = { writeLine: (line: string) => void written.push(line) };
  const access = accessLogLines(log, lines, () => Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  return { access, written, log };
}

test("a request is one line, by the logger's own names, with what is known of it", () => {
  const { access, written } = stand();
  access.write(request);
  expect(written).toHaveLength(1);
  expect(written[0]).toEndWith("}");
  expect(JSON.parse(written[0] as string)).toEqual({
    level: 30,
    time: "2026-01-02T03:04:05.006Z",
    requestId: "abc-1",
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    principal: "ada",
    adapter: "weather",
    replica: "weather-0",
    httpMethod: "POST",
    method: "tools/call",
    tool: "forecast",
    session: "0123456789abcdef",
    status: 200,
    rpcError: -32602,
    durationMs: 12.35,
    gatewayMs: 0.2,
    upstreamMs: 12.14,
    requestBytes: 100,
    answerBytes: 200,
    msg: "request",
  });
});

test("what reached nothing is told by its path, cut; what is usual is left out", () => {
  const { access, written } = stand();
  const path = `/adapters/${"x".repeat(1000)}/mcp`;
  access.write({
    ...request,
    place: "",
    path,
    method: "DELETE",
    httpMethod: "DELETE",
    end: "left",
    via: "router",
    isToolError: true,
  });
  expect(JSON.parse(written[0] as string)).toMatchObject({
    path: path.slice(0, 256),
    method: "DELETE",
    end: "left",
    via: "router",
    toolError: true,
  });
  expect(written[0]).not.toContain("httpMethod");
  expect(written[0]).not.toContain('"adapter"');
});

test("nothing that a caller chooses makes a second line, or another field", () => {
  const { access, written } = stand();
  const odd = 'a"}\n{"level":60,"msg":"forged\u2028\ud800';
  access.write({ ...request, tool: odd, principal: odd, method: odd, place: "", path: odd });
  expect(written[0]?.split("\n")).toHaveLength(1);
  expect(JSON.parse(written[0] as string)).toMatchObject({ level: 30, tool: odd, principal: odd, msg: "request" });
});

test("it is on as long as the logger would say it", () => {
  const { access, log } = stand({ level: "warn" });
  expect(access.isOn()).toBe(false);
  log.level = "debug";
  expect(access.isOn()).toBe(true);
});
