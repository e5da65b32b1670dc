import { expect, test } from "bun:test";
import { unseen } from "../../../gateway/data-plane/seen.ts";
import { exchange } from "../../../gateway/data-plane/upstream/exchange.ts";
import { connectionPool } from "../../../gateway/data-plane/upstream/pool.ts";
import { ResponseParser } from "../../../gateway/data-plane/upstream/response-parser.ts";
import { until } from "../../support/until.ts";
import { rawServer, send, sendEndlessly } from "../raw-server.ts";

const mebibyte = 1024 * 1024;
const chunked = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const limits = { connectMs: 1000, idleMs: 4000, maxIdle: 8, maxOpen: 100 };

test("a server that sends as fast as it can is heard for half a mebibyte, and then it is everybody else's turn", async () => {
  const piece = Buffer.from(`10000\r\n${"x".repeat(64 * 1024)}\r\n`);
  using server = rawServer({
    request(peer) {
      send(peer, chunked);
      sendEndlessly(peer, piece, 16 * mebibyte);
    },
  });
  using pool = connectionPool(limits, Date.now);
  using stack = new DisposableStack();
  let inTurn = 0;
  let most = 0;
  let all = 0;
  const saw = ({ length }: Uint8Array) => {
    inTurn += length;
    all += length;
    most = Math.max(most, inTurn);
  };
  const client = new AbortController();
  const request = { method: "POST", target: "/", headers: {}, body: "{}", client };
  const exchanged = await exchange(request, server.origin, pool, { ...unseen, saw });
  if (exchanged.state !== "answered") throw new Error(exchanged.state);
  // Nobody reads yet, so that a lot is waiting when somebody does.
  let before = 0;
  await until("the server is held back", async () => {
    const [peer] = server.peers;
    await Bun.sleep(50);
    const isHeld = peer !== undefined && peer.sentBytes > 2 * mebibyte && peer.sentBytes === before;
    before = peer?.sentBytes ?? 0;
    return isHeld;
  });
  most = 0;
  const turn = () => {
    inTurn = 0;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  stack.defer(() => clearImmediate(immediate));
  const reader = (exchanged.response.body as ReadableStream<Uint8Array>).getReader();
  while (all < 16 * mebibyte - piece.length) await reader.read();
  expect(most).toBeLessThanOrEqual(mebibyte / 2);
  client.abort(null);
});

test("small chunks that come together go on as one piece, large ones as they came", () => {
  const pieces = (...payloads: string[]) => {
    const parser = new ResponseParser("POST");
    parser.feed(Buffer.from(chunked));
    const bytes = Buffer.from(payloads.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join(""));
    const parsed = parser.feed(bytes);
    if (parsed.state === "malformed") throw new Error(parsed.reason);
    const isView = (piece: Uint8Array) => piece.buffer === bytes.buffer;
    return parsed.body.map((piece) => [Buffer.from(piece).toString(), isView(piece) ? "a view" : "a copy"]);
  };
  const [small, large] = ["abc", "x".repeat(2000)];
  expect(pieces(small)).toEqual([[small, "a view"]]);
  expect(pieces(...Array.from({ length: 80_000 }, () => "x"))).toEqual([["x".repeat(80_000), "a copy"]]);
  expect(pieces(large, large)).toEqual([
    [large, "a view"],
    [large, "a view"],
  ]);
  expect(pieces("a", "b", large, "c", "d", large, "e")).toEqual([
    ["ab", "a copy"],
    [large, "a view"],
    ["cd", "a copy"],
    [large, "a view"],
    ["e", "a view"],
  ]);
});
