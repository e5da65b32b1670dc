import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { Authority } from "../../injector/certificates/certificate.ts";
import { issuer } from "../../injector/certificates/issue.ts";
import { examine, faults, quickLimits, stepOf } from "./examine.ts";
import { startGuardedServer } from "./guarded-server.ts";
import { startMcpServer } from "./mcp-server.ts";

const dayMs = 24 * 60 * 60 * 1000;
const limits = { authorityMs: 365 * dayMs, leafMs: 100 * dayMs };
const stack = new AsyncDisposableStack();
let authority: Authority;

beforeAll(async () => {
  authority = await issuer({ names: [], now: () => Date.now() - 200 * dayMs, limits }).authority();
});
afterAll(() => stack.disposeAsync());

/** A key and its certificate, made so many days from now. */
async function certificate({ name = "localhost", days = 0, validDays = 100 } = {}) {
  const made = issuer({
    names: [name],
    now: () => Date.now() + days * dayMs,
    limits: { ...limits, leafMs: validDays * dayMs },
  });
  const { pem, key } = await made.leaf(authority);
  return { cert: pem, key };
}

const trusting = () => ({ args: ["--cacert", "ca.pem"], files: { "ca.pem": authority.pem } });

describe("TLS", () => {
  test("a certificate of one's own authority is good for who trusts it, for all steps", async () => {
    await using server = startMcpServer(undefined, { tls: await certificate() });
    const diagnosis = await examine(server.url, trusting());
    expect(faults(diagnosis)).toEqual([]);
    expect(stepOf(diagnosis, "tls").got).toMatch(/^TLSv1\.3, a certificate by .+ that is valid for \d+ more days\.$/);
    expect(stepOf(diagnosis, "tools").outcome).toBe("ok");
  });

  test.each([
    ["for another name", { name: "other.example" }, "tls: certificate-wrong-name"],
    ["expired", { days: -110 }, "tls: certificate-expired"],
    ["not yet valid", { days: 10 }, "tls: certificate-not-yet-valid"],
    ["about to expire", { validDays: 5 }, "tls: certificate-expiring?"],
  ])("a certificate %s", async (_what, options, expected) => {
    await using server = startMcpServer(undefined, { tls: await certificate(options) });
    expect(faults(await examine(server.url, trusting()))).toEqual([expected]);
  });

  test("a certificate that nobody knows who signed", async () => {
    await using server = startMcpServer(undefined, { tls: await certificate() });
    const diagnosis = await examine(server.url);
    expect(faults(diagnosis)).toEqual(["tls: certificate-untrusted"]);
    expect(stepOf(diagnosis, "tls").advice).toContain("--cacert");
    expect(stepOf(diagnosis, "door").got).toBe("No client trusts this connection.");
  });

  test("https where plain http is spoken, and http where TLS is", async () => {
    await using plain = startMcpServer();
    expect(faults(await examine(plain.url.replace("http:", "https:")))).toEqual(["tls: plain-http"]);
    await using secure = startMcpServer(undefined, { tls: await certificate() });
    expect(faults(await examine(secure.url.replace("https:", "http:")))).toEqual(["door: tls-needed"]);
  });

  test("a server that does not know that it is reached by https", async () => {
    const asHttp = (origin: string) => origin.replace("https:", "http:");
    await using server = await startGuardedServer({
      tls: await certificate(),
      challenge: (origin) => `Bearer resource_metadata="${asHttp(origin)}/.well-known/oauth-protected-resource/mcp"`,
      metadata: (origin, at) => ({
        "/.well-known/oauth-protected-resource/mcp": { resource: `${asHttp(origin)}/mcp`, authorization_servers: [at] },
      }),
    });
    const diagnosis = await examine(server.url, trusting());
    expect(faults(diagnosis)).toEqual(["challenge: http-metadata"]);
    expect(stepOf(diagnosis, "challenge").advice).toContain("PUBLIC_ORIGIN");
    expect(stepOf(diagnosis, "resource").outcome).toBe("skipped");
  });
});

describe("the way", () => {
  test("a name that there is not", async () => {
    expect(faults(await examine("https://nobody.invalid/mcp"))).toEqual(["dns: name-unresolved"]);
  });

  test("a port where nobody listens", async () => {
    await using server = startMcpServer();
    const { url } = server;
    await server[Symbol.asyncDispose]();
    const diagnosis = await examine(url);
    expect(faults(diagnosis)).toEqual(["tcp: connection-refused"]);
    expect(stepOf(diagnosis, "door").got).toBe("No connection could be made.");
  });

  test("http where others can listen, and a slash too many", async () => {
    const { steps } = await examine("http://nobody.invalid/mcp");
    expect(faults({ steps })).toEqual(["url: no-tls?", "dns: name-unresolved"]);
    await using server = startMcpServer((request, _body, right) => {
      const url = request.url.replace(/\/$/, "");
      return request.url === url ? right() : server.right(new Request(url, request));
    });
    expect(faults(await examine(`${server.url}/`))).toEqual(["url: trailing-slash?"]);
  });
});

describe("redirects", () => {
  const redirecting = (to: (origin: string, path: string) => string, status = 302) =>
    startMcpServer((request) => {
      const { origin, pathname } = new URL(request.url);
      const location = to(origin, pathname);
      return location === "" ? undefined : new Response(null, { status, headers: { location } });
    });

  test.each<[string, (origin: string, path: string) => string, string]>([
    ["to https", (origin) => `${origin.replace("http:", "https:")}/mcp`, "door: redirect-to-https"],
    ["to a slash", (_origin, path) => (path === "/mcp" ? "/mcp/" : ""), "door: redirect-slash"],
    ["to a sign-in page", () => "https://sign-in.invalid/", "door: redirect-elsewhere"],
    ["in a circle", (_origin, path) => (path === "/mcp" ? "/a" : path === "/a" ? "/b" : "/mcp"), "door: redirect-loop"],
    ["for ever", (_origin, path) => `${path}x`, "door: redirect-loop"],
    ["to no URL", () => "http://[", "door: redirect-elsewhere"],
  ])("%s", async (_what, to, expected) => {
    await using server = redirecting(to);
    expect(faults(await examine(server.url))).toEqual([expected]);
    expect(server.heard.length).toBeLessThan(10);
  });

  test("nothing of the caller's goes along", async () => {
    await using other = startMcpServer();
    await using server = redirecting(() => other.url, 307);
    await examine(server.url, { token: "a-secret-token-of-mine" });
    expect(other.heard.length).toBeGreaterThan(0);
    expect(JSON.stringify(other.heard.map(({ headers }) => headers.toJSON()))).not.toContain("secret");
  });
});

describe("servers that are none", () => {
  /** Whatever is done with each connection, once something was asked. */
  async function rawServer(answer: (socket: Socket) => void) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => answer(socket));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://localhost:${port}/mcp`,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  /** As fast as it can, for as long as anybody reads. */
  function pour(socket: Socket, head: string, piece: string): void {
    socket.write(head);
    const go = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", go);
    go();
  }

  const json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
  const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;

  test.each<[string, (socket: Socket) => void, string[]]>([
    ["silence", () => undefined, ["door: no-answer"]],
    ["an end", (socket) => socket.destroy(), ["door: connection-broken"]],
    ["another protocol", (socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"), ["door: not-http"]],
    [
      "headers without an end",
      (socket) => pour(socket, "HTTP/1.1 200 OK\r\n", `x-a: ${"b".repeat(8000)}\r\n`),
      ["door: head-too-large"],
    ],
    [
      "a body without an end",
      (socket) => pour(socket, `${json}transfer-encoding: chunked\r\n\r\n`, chunk),
      ["era: answer-too-large"],
    ],
    [
      "a body that stops",
      (socket) => socket.write(`${json}content-length: 100\r\n\r\n{"jsonrpc"`),
      ["era: answer-held-back"],
    ],
    [
      "a body that breaks off",
      (socket) => socket.end(`${json}content-length: 100\r\n\r\n{"jsonrpc"`),
      ["era: answer-cut"],
    ],
    [
      "an event stream without an answer",
      (socket) =>
        pour(
          socket,
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
          `1008\r\ndata: ${"x".repeat(0x1000)}\n\n\r\n`,
        ),
      ["era: answer-too-large"],
    ],
  ])("%s", async (_what, answer, expected) => {
    await using server = await rawServer(answer);
    const startMs = performance.now();
    const before = process.memoryUsage.rss();
    const diagnosis = await examine(server.url, {
      limits: { ...quickLimits, answerMs: 1_000, answerBytes: 1024 * 1024 },
    });
    expect(faults(diagnosis)).toEqual(expected);
    expect(performance.now() - startMs).toBeLessThan(8_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
  });

  test("a diagnosis has an end, whatever is left of it", async () => {
    await using server = startMcpServer(undefined, { modern: false });
    const diagnosis = await examine(server.url, { limits: { ...quickLimits, watchMs: 60_000, totalMs: 500 } });
    expect(stepOf(diagnosis, "stream")).toMatchObject({
      finding: "time-over",
      got: "The time for the diagnosis was over.",
    });
    expect(faults(diagnosis)).toEqual(["stream: time-over"]);
    expect(stepOf(diagnosis, "delete").outcome).toBe("skipped");
    expect(server.sessions()).toBe(0);
  });
});
