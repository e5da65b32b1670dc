import { afterEach, beforeEach, expect, test } from "bun:test";
import { hello, type Peer, rawServer } from "./raw-server.ts";
import { gatewayKey, keyVolume, startGuard, vouched } from "./support.ts";

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function guardBefore(upstream: string) {
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  const guard = stack.use(await startGuard(upstream, volume.file));
  const ask = (method = "POST") =>
    fetch(`${guard.url}/mcp`, { method, headers: vouched(), body: method === "POST" ? "{}" : undefined });
  return { guard, ask };
}

const told = async (response: Response) => [
  response.status,
  response.headers.get("mcp-guard-failure"),
  response.headers.get("content-type"),
  await response.text(),
];

test("a server that cannot be reached has refused, and nothing was sent", async () => {
  const server = rawServer(() => {});
  server[Symbol.dispose]();
  const { guard, ask } = await guardBefore(server.url);
  for (const method of ["POST", "GET", "DELETE"]) {
    expect(await told(await ask(method))).toEqual([
      502,
      "refused",
      "application/json",
      '{"jsonrpc":"2.0","error":{"code":-32603,"message":"The MCP server cannot be reached"},"id":null}',
    ]);
  }
  expect((await guard.metrics()).get('mcp_guard_upstream_failures_total{failure="refused"}')).toBe(3);
  const one = 'mcp_guard_requests_total{method="GET",tool="",status="502",rpc_error="none"}';
  expect((await guard.metrics()).get(one)).toBe(1);
});

test("a server that breaks off before it answers has broken, and is not asked again", async () => {
  const ways: ((peer: Peer) => void)[] = [
    ({ socket }) => void socket.end(),
    ({ socket }) => socket.terminate(),
    ({ socket }) => void socket.end("SSH-2.0-OpenSSH\r\n"),
    ({ socket }) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"),
    ({ socket }) => void socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  ];
  let asked = 0;
  let way = 0;
  const server = stack.use(
    rawServer((peer) => {
      asked++;
      ways[way]?.(peer);
    }),
  );
  const { guard, ask } = await guardBefore(server.url);
  for (; way < ways.length; way++) {
    expect(await told(await ask())).toEqual([
      502,
      "broken",
      "application/json",
      '{"jsonrpc":"2.0","error":{"code":-32603,"message":"The MCP server broke off before it answered"},"id":null}',
    ]);
  }
  expect(asked).toBe(5);
  expect((await guard.metrics()).get('mcp_guard_upstream_failures_total{failure="broken"}')).toBe(5);
  expect(guard.log()).toContain("it ended before its answer did");
});

test("a server's own 502 is no failure of the guard's", async () => {
  const own = "HTTP/1.1 502 Bad Gateway\r\nMcp-Guard-Failure: refused\r\nContent-Length: 3\r\n\r\nown";
  const server = stack.use(rawServer(({ socket }) => void socket.write(own)));
  const { guard, ask } = await guardBefore(server.url);
  expect(await told(await ask())).toEqual([502, null, null, "own"]);
  expect((await guard.metrics()).get('mcp_guard_upstream_failures_total{failure="refused"}')).toBe(0);
});

test("a server that comes back is asked again", async () => {
  const first = rawServer(({ socket }) => void socket.write(hello));
  const { ask } = await guardBefore(first.url);
  expect((await ask()).status).toBe(200);
  first[Symbol.dispose]();
  expect((await ask()).status).toBe(502);
  const { port } = new URL(first.url);
  stack.use(rawServer(({ socket }) => void socket.write(hello), Number(port)));
  expect((await ask()).status).toBe(200);
});

test("a flood of failures writes few lines", async () => {
  const server = rawServer(() => {});
  server[Symbol.dispose]();
  const { guard, ask } = await guardBefore(server.url);
  const lines = guard.log().length;
  await Promise.all(Array.from({ length: 300 }, () => ask()));
  expect(guard.log().slice(lines).split("\n").length).toBeLessThan(4);
});
