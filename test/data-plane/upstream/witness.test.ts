import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Exchanged, exchange, type Witness } from "../../../gateway/data-plane/upstream/exchange.ts";
import { connectionPool, type Pool } from "../../../gateway/data-plane/upstream/pool.ts";
import type { RequestBody } from "../../../gateway/data-plane/upstream/request-head.ts";
import { until } from "../../support/until.ts";

let stack: DisposableStack;
let pool: Pool;
let abort: AbortController;
let seen: string[];

beforeEach(() => {
  stack = new DisposableStack();
  abort = new AbortController();
  seen = [];
  pool = stack.use(connectionPool({ connectMs: 300, idleMs: 4000, maxIdle: 8, maxOpen: 100 }, () => 0));
});
afterEach(() => stack.dispose());

const witness: Witness = {
  sent: (piece) => void seen.push(`sent ${Buffer.from(piece).toString()}`),
  began: ({ status }) => void seen.push(`began ${status}`),
  saw: (piece) => void seen.push(`saw ${Buffer.from(piece).toString()}`),
  ended: (end) => void seen.push("reason" in end ? `${end.state}: ${end.reason}` : end.state),
};

function serverThat(act: (socket: Bun.Socket<undefined>) => void): string {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: act, error() {} } });
  stack.defer(() => listener.stop(true));
  return `http://127.0.0.1:${listener.port}`;
}

function ask(url: string, body: RequestBody = "{}"): Promise<Exchanged> {
  return exchange({ method: "POST", target: "/mcp", headers: {}, body, client: abort }, url, pool, witness);
}

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

test("a witness sees an answer's pieces, and its end once", async () => {
  const url = serverThat((socket) => {
    socket.write(`HTTP/1.1 100 Continue\r\n\r\n${chunked}2\r\nab\r\n`);
    setTimeout(() => socket.write("2\r\ncd\r\n0\r\n\r\n"), 10);
  });
  const exchanged = await ask(url);
  expect(exchanged.state === "answered" && (await exchanged.response.text())).toBe("abcd");
  expect(seen).toEqual(["began 200", "saw ab", "saw cd", "complete"]);
});

test("a witness sees the pieces of a streamed request", async () => {
  const url = serverThat((socket) => void socket.write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"));
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from("ab"));
      controller.close();
    },
  });
  await ask(url, { stream, bytes: 2 });
  await until("it is over", () => seen.includes("complete"));
  expect(seen).toEqual(["sent ab", "began 202", "complete"]);
});

test("a witness learns why there is no answer", async () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  await ask(`http://127.0.0.1:${listener.port}`);
  await ask(serverThat((socket) => void socket.end()));
  await ask(serverThat((socket) => void socket.write("SSH-2.0-x\r\n\r\n")));
  abort.abort();
  await ask(serverThat(() => {}));
  expect(seen).toEqual([
    "refused",
    "broken: it ended before its answer did",
    "broken: its answer is malformed: the status line is malformed",
    "abandoned",
  ]);
});

test("a witness learns how a stream ended that had begun", async () => {
  const dying = await ask(
    serverThat((socket) => {
      socket.write(`${chunked}2\r\nab\r\n`);
      setTimeout(() => socket.end(), 10);
    }),
  );
  await until("it has died", () => seen.length === 3);
  expect(dying.state).toBe("answered");
  const url = serverThat((socket) => void socket.write(`${chunked}2\r\ncd\r\n`));
  const left = await ask(url);
  if (left.state === "answered") await left.response.body?.cancel();
  await ask(url);
  abort.abort();
  await until("all have heard", () => seen.length === 9);
  const perStream = [seen.slice(0, 3), seen.slice(3, 6), seen.slice(6)];
  expect(perStream).toEqual([
    ["began 200", "saw ab", "broken: it ended before its answer did"],
    ["began 200", "saw cd", "abandoned"],
    ["began 200", "saw cd", "abandoned"],
  ]);
});
