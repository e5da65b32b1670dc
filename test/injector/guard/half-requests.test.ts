import { afterAll, beforeAll, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { expectPatience, type NamedClient } from "../../support/patience.ts";
import { rawClient } from "../../support/raw-client.ts";
import { type WaitingServer, waitingServer } from "../../support/waiting-server.ts";
import { gatewayKey, keyVolume, startGuard, vouched } from "./support.ts";

const program = fileURLToPath(new URL("impatient-guard.ts", import.meta.url));
const stack = new AsyncDisposableStack();
let server: WaitingServer;
const idle: NamedClient[] = [];
const waiting: NamedClient[] = [];

function request(
  method: string,
  act: "answer" | "wait" | "stream" | "silence",
  framing = "Content-Length: 2\r\n\r\n{}",
) {
  const fields = Object.entries(vouched()).map(([name, value]) => `${name}: ${value}\r\n`);
  const body = method === "POST" ? framing : "\r\n";
  return `${method} /mcp?do=${act} HTTP/1.1\r\nHost: localhost\r\n${fields.join("")}${body}`;
}

const chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";

beforeAll(async () => {
  server = stack.use(waitingServer());
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  const { url } = stack.use(await startGuard(server.origin, volume.file, {}, program));
  const firsts = {
    nothing: [],
    "an answer": [request("POST", "answer")],
    "a stream": [request("GET", "stream")],
    "a call that streamed": [request("POST", "stream", chunks)],
    "the end of a session": [request("DELETE", "answer")],
  };
  const halves = {
    nothing: "",
    "half a head": request("POST", "answer").slice(0, 50),
    "half a body": request("POST", "answer").slice(0, -1),
    "half a body in chunks": request("POST", "answer", chunks).slice(0, -9),
    "half a large body": request("POST", "answer", "Content-Length: 100000\r\n\r\n{"),
    "a stranger's request": "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
  };
  const lasting = {
    "a call": request("POST", "wait"),
    "a call in chunks": request("POST", "wait", chunks),
    "a call that streams": request("POST", "silence"),
    "a stream": request("GET", "silence"),
    "a GET that waits": request("GET", "wait"),
    "the end of a session": request("DELETE", "wait"),
  };
  for (const [first, before] of Object.entries(firsts)) {
    const open = (what: string, bytes: string): NamedClient => [
      `${what} behind ${first}`,
      stack.use(rawClient(url, ...before, bytes)),
    ];
    for (const [half, bytes] of Object.entries(halves)) idle.push(open(half, bytes));
    for (const [what, bytes] of Object.entries(lasting)) waiting.push(open(what, bytes));
  }
});
afterAll(() => stack.disposeAsync());

test("a guard lets go who asks for nothing, or half of it, and none who waits for an answer", async () => {
  await expectPatience(idle, waiting, server);
}, 40_000);
