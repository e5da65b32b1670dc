import { expect, test } from "bun:test";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { eventLog } from "../../gateway/runtime/images/event-log.ts";
import { watchedStream } from "../../gateway/runtime/images/open-stream.ts";
import { eventually } from "./support.ts";

const note = (data: string): JSONRPCMessage => ({ jsonrpc: "2.0", method: "notifications/message", params: { data } });

async function replayed(log: ReturnType<typeof eventLog>, after: string) {
  const sent: [string, JSONRPCMessage][] = [];
  const streamId = await log.replayEventsAfter(after, { send: async (id, message) => void sent.push([id, message]) });
  return { streamId, sent };
}

test("only what came later on the same stream is sent again", async () => {
  const log = eventLog({ events: 10, length: 10_000 });
  const first = await log.storeEvent("a", {} as JSONRPCMessage);
  await log.storeEvent("b", note("other stream"));
  const second = await log.storeEvent("a", note("one"));
  const third = await log.storeEvent("a", note("two"));
  expect(await replayed(log, first)).toEqual({
    streamId: "a",
    sent: [
      [second, note("one")],
      [third, note("two")],
    ],
  });
  expect(await replayed(log, second)).toEqual({ streamId: "a", sent: [[third, note("two")]] });
});

test("the log keeps so many events and so much text, and goes on with what is left", async () => {
  const few = eventLog({ events: 2, length: 10_000 });
  const first = await few.storeEvent("a", note("1"));
  for (const data of ["2", "3", "4"]) await few.storeEvent("a", note(data));
  expect((await replayed(few, first)).sent.map(([, message]) => message)).toEqual([note("3"), note("4")]);

  const short = eventLog({ events: 100, length: 300 });
  const start = await short.storeEvent("a", note("1"));
  await short.storeEvent("a", note("x".repeat(200)));
  await short.storeEvent("a", note("y".repeat(200)));
  expect((await replayed(short, start)).sent.map(([, message]) => message)).toEqual([note("y".repeat(200))]);
});

test("an event that never was belongs to no stream", async () => {
  const log = eventLog({ events: 10, length: 10_000 });
  const id = await log.storeEvent("a", note("1"));
  expect(await log.getStreamIdForEventId?.(id)).toBe("a");
  for (const unknown of ["", "2~a", "x~a", "1", "1~", "-1~a", "1~a b"]) {
    expect([unknown, await log.getStreamIdForEventId?.(unknown)]).toEqual([unknown, undefined]);
  }
});

test("a client that does not read loses its stream, not the server its memory", async () => {
  let sent = 0;
  let ends = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1_000;
      controller.enqueue(new Uint8Array(1_000));
    },
  });
  const response = watchedStream(new Response(endless), 10_000, () => void ends++);
  const reader = response.body?.getReader();
  await eventually(
    () => ends,
    (count) => count > 0,
  );
  expect(sent).toBeLessThan(20_000);
  await expect(reader?.read()).rejects.toThrow("the client does not read");
  expect(ends).toBe(1);
});

test("a stream's end is told once, whoever ends it", async () => {
  let ends = 0;
  const done = watchedStream(new Response("all of it"), 1_000, () => void ends++);
  expect(await done.text()).toBe("all of it");
  expect(ends).toBe(1);
  const left = watchedStream(new Response(new ReadableStream()), 1_000, () => void ends++);
  await left.body?.cancel();
  expect(ends).toBe(2);
  watchedStream(new Response(null, { status: 202 }), 1_000, () => void ends++);
  expect(ends).toBe(3);
});
