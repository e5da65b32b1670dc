import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { until } from "../../support/until.ts";
import { claims, gatewayKey, type GuardProcess, jws, keyVolume, startGuard, vouched } from "./support.ts";

type Seen = { method: string; target: string; headers: Record<string, string>; body: Uint8Array };

const stack = new AsyncDisposableStack();
let guard: GuardProcess;
let seen: Seen;
let answer: (request: Request) => Response;

beforeAll(async () => {
  const upstream = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { method, url } = request;
      const headers = Object.fromEntries(request.headers);
      seen = { method, target: url.slice(url.indexOf("/", "http://".length)), headers, body: await request.bytes() };
      return answer(request);
    },
  });
  stack.defer(() => upstream.stop(true));
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  guard = stack.use(await startGuard(`http://127.0.0.1:${upstream.port}`, volume.file));
});
afterAll(() => stack.disposeAsync());

const ask = (headers: Record<string, string>, init: RequestInit = {}, path = "/mcp") => {
  answer ??= () => new Response("ok");
  return fetch(guard.url + path, { redirect: "manual", ...init, headers: { ...vouched(), ...headers } });
};

test("method, path, query and body go on as they are", async () => {
  answer = () => new Response("ok");
  const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
  await ask({ "content-type": "application/json" }, { method: "POST", body: bytes }, "/some/path%20x?a=1&b=%2F");
  expect(seen).toMatchObject({ method: "POST", target: "/some/path%20x?a=1&b=%2F" });
  expect(Buffer.from(seen.body)).toEqual(bytes);
  for (const method of ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"]) {
    await ask({}, { method });
    expect(seen).toMatchObject({ method, target: "/mcp" });
    expect(seen.body).toHaveLength(0);
  }
});

test("the server is told who calls, by the gateway's word alone", async () => {
  answer = () => new Response("ok");
  const forged = {
    "X-Mcp-UserId": "eve",
    "x-mcp-username": "eve",
    "x-mcp-roles": "mcp.admin",
    "x-gateway-secret": "guessed",
    "x-dev-userid": "eve",
    "x-dev-roles": "mcp.admin",
    "x-ms-client-principal": "e30=",
    "x-ms-client-principal-id": "eve",
    "x-ms-client-principal-name": "eve",
    "x-ms-token-aad-access-token": "eyJ",
    "x-auth-request-email": "eve@example.com",
    "x-forwarded-for": "10.0.0.1",
    "x-forwarded-user": "eve",
    "x-forwarded-proto": "https",
    "x-real-ip": "10.0.0.1",
    authorization: "Bearer secret",
    cookie: "session=1",
    "proxy-authorization": "Basic secret",
    "proxy-connection": "keep-alive",
    "mcp-gateway-call": "tools/call add",
    "mcp-gateway-next": "whatever it will be",
    "mcp-guard-failure": "refused",
    te: "trailers",
    connection: "close, x-nominated",
    "x-nominated": "1",
    "keep-alive": "timeout=5",
  };
  const passed = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    forwarded: 'for=1.2.3.4;proto=https;host="mcp.example.com"',
    "last-event-id": "7",
    "mcp-method": "tools/call",
    "mcp-name": "add",
    "mcp-param-city": "Oslo",
    "mcp-protocol-version": "2026-07-28",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    tracestate: "vendor=1",
    baggage: "a=b",
    "user-agent": "test",
    "x-custom": "kept",
    "x-nominated-not": "kept",
  };
  // By hand, since fetch sets headers of its own.
  await raw({
    ...forged,
    ...passed,
    ...vouched({ sid: "s-1", sub: "Zoë\r\nx: y", roles: ["mcp.dev", "größe", "a,b"] }),
  });
  expect(seen.headers).toEqual({
    ...passed,
    host: new URL(`http://${seen.headers.host}`).host,
    "content-length": "2",
    "mcp-session-id": "s-1",
    "x-mcp-userid": "Zo%C3%AB%0D%0Ax: y",
    "x-mcp-roles": "mcp.dev,gr%C3%B6%C3%9Fe,a,b",
  });
  expect(seen.headers.host).not.toBe(new URL(guard.url).host);
});

/** Sends a POST with just these headers, and gives the answer. */
async function raw(headers: Record<string, string>): Promise<string> {
  const { hostname, port } = new URL(guard.url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
  });
  const lines = Object.entries({ host: "mcp.example.com", "content-length": "2", ...headers });
  socket.write(`POST /mcp HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n{}`);
  await until("the answer is there", () => received.includes("\r\n\r\nok"));
  socket.destroy();
  return received;
}

test("an id that holds half a character does no harm", async () => {
  answer = () => new Response("ok");
  await ask({ "mcp-gateway-assertion": jws(claims({ sub: "a\ud800b" })) });
  expect(seen.headers["x-mcp-userid"]).toBe("a%EF%BF%BDb");
});

test("an answer passes as it is, but for what speaks of the connection and what only a guard may say", async () => {
  answer = () =>
    new Response("gone", {
      status: 410,
      headers: [
        ["content-type", "text/plain"],
        ["mcp-session-id", "s-1"],
        ["www-authenticate", "Bearer"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["server", "odd"],
        ["x-accel-buffering", "no"],
        ["mcp-guard-failure", "refused"],
        ["mcp-guard-other", "1"],
        ["proxy-authenticate", "Basic"],
        ["x-nominated", "1"],
        ["connection", "x-nominated, ü, close"],
      ],
    });
  const response = await ask({});
  expect(response.status).toBe(410);
  expect(await response.text()).toBe("gone");
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  const headers = Object.fromEntries(response.headers);
  expect(headers).toEqual({
    "content-type": "text/plain",
    "content-length": "4",
    date: headers.date as string,
    "mcp-session-id": "s-1",
    "www-authenticate": "Bearer",
    "set-cookie": headers["set-cookie"] as string,
    server: "odd",
    "x-accel-buffering": "no",
  });
});

test("a redirect is an answer like any other", async () => {
  answer = () => new Response(null, { status: 307, headers: { location: "http://elsewhere.example/mcp" } });
  const response = await ask({}, { method: "POST", body: "{}" });
  expect(response.status).toBe(307);
  expect(response.headers.get("location")).toBe("http://elsewhere.example/mcp");
});

test("compressed and empty answers pass untouched", async () => {
  const zipped = Bun.gzipSync("hello");
  answer = () => new Response(zipped, { headers: { "content-encoding": "gzip" } });
  expect(await (await ask({})).text()).toBe("hello");
  for (const status of [202, 204, 304]) {
    answer = () => new Response(null, { status });
    expect((await ask({})).status).toBe(status);
  }
});

test("a request to be a tunnel is refused", async () => {
  const { hostname, port } = new URL(guard.url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (bytes) => {
    received += bytes.toString();
  });
  const lines = Object.entries(vouched()).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: elsewhere.example\r\n${lines.join("")}\r\n`);
  await until("there is an answer", () => received.startsWith("HTTP/1.1 405 "));
  socket.destroy();
});
