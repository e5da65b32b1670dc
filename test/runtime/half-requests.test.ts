import { test } from "bun:test";
import { fileURLToPath } from "node:url";
import { expectPatience, type NamedClient } from "../support/patience.ts";
import { rawClient } from "../support/raw-client.ts";
import { until } from "../support/until.ts";
import { waitingServer } from "../support/waiting-server.ts";

const program = fileURLToPath(new URL("programs/impatient-image.ts", import.meta.url));

type Act = "answer" | "wait" | "silence";
const request = (method: string, act: Act) =>
  `${method} /mcp?do=${act} HTTP/1.1\r\nHost: localhost\r\n${method === "POST" ? "Content-Length: 2\r\n\r\n{}" : "\r\n"}`;
const firsts = {
  nothing: [],
  "an answer": [request("POST", "answer")],
  "the end of a session": [request("DELETE", "answer")],
};
const halves = { nothing: "", "half a head": "GET /mcp HTT", "half a body": request("POST", "answer").slice(0, -1) };
const lasting = {
  "a call": request("POST", "wait"),
  "a call that streams": request("POST", "silence"),
  "a stream": request("GET", "silence"),
  "a GET that waits": request("GET", "wait"),
};

test("an image lets go who asks for nothing, or half of it, and none who waits for an answer", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(waitingServer());
  const image = Bun.spawn([process.execPath, program], {
    env: { ...process.env, SERVER: server.origin },
    stdout: "pipe",
  });
  stack.defer(async () => {
    image.kill();
    await image.exited;
  });
  let said = "";
  void (async () => {
    for await (const bytes of image.stdout) said += new TextDecoder().decode(bytes);
  })();
  const [, url = ""] = await until("it listens", () => /listening on (\S+)/.exec(said));
  const idle: NamedClient[] = [];
  const waiting: NamedClient[] = [];
  for (const [first, before] of Object.entries(firsts)) {
    const open = (bytes: string) => stack.use(rawClient(url, ...before, bytes));
    for (const [half, bytes] of Object.entries(halves)) idle.push([`${half} behind ${first}`, open(bytes)]);
    for (const [what, bytes] of Object.entries(lasting)) waiting.push([`${what} behind ${first}`, open(bytes)]);
  }
  await expectPatience(idle, waiting, server);
}, 40_000);
