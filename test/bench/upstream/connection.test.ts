import { expect, test } from "bun:test";
import { callBody } from "../wire.ts";
import { connection } from "./connection.ts";

/** A connection whose socket takes so many bytes at once, and what it has been sent. */
function connected(bytesAtOnce: number) {
  let sent = "";
  let isTerminated = false;
  const socket = {
    write(bytes: string | Buffer) {
      const taken = bytes.slice(0, bytesAtOnce);
      sent += taken.toString();
      return taken.length;
    },
    terminate() {
      isTerminated = true;
    },
  };
  const streams = { join: () => () => {}, open: () => 0, [Symbol.dispose]() {} };
  const held = { hold: () => () => {}, left: () => ({}) };
  const figures = { read: () => ({ accepted: 0, openStreams: 0, left: {} }), discount() {} };
  const { feed, drain } = connection(socket, { streams, held, figures });
  return {
    call(tool: "json" | "large") {
      const body = callBody(10_000, tool);
      feed(Buffer.from(`POST /mcp HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    },
    drain,
    body: () => sent.slice(sent.indexOf("\r\n\r\n") + 4),
    isTerminated: () => isTerminated,
  };
}

test("a large answer is sent on as its reader takes it", () => {
  const slow = connected(400_000);
  slow.call("large");
  expect(slow.body().length).toBeLessThan(400_000);
  slow.drain();
  slow.drain();
  slow.drain();
  expect(slow.body()).toHaveLength(1_048_576);
  expect(JSON.parse(slow.body()).id).toBe(10_000);
  expect(slow.isTerminated()).toBe(false);
});

test("who does not read a short answer is left", () => {
  const deaf = connected(100);
  deaf.call("json");
  expect(deaf.isTerminated()).toBe(true);
});
