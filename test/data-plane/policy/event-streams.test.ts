import { expect, test } from "bun:test";
import { filterToolLists } from "../../../gateway/data-plane/tool-filter.ts";
import { allowed, answer, filtered, listIds, listOf, splits } from "./streams.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Buffer.from(text).toString("latin1");
const both = listOf(1, "read", "drop");
const one = listOf(1, "read");
const other = listOf(2, "read", "drop");
/** One answer over three lines of data. */
const multiLine = [
  '{"jsonrpc":"2.0","id":"a","result":',
  '  {"tools":[{"name":"drop"},',
  '{"name":"read"}],"nextCursor":"n"}}',
];
const multiLineFiltered = '{"jsonrpc":"2.0","id":"a","result":{"tools":[{"name":"read"}],"nextCursor":"n"}}';

/** name, what the server sends, what the client gets */
const streams: [string, string, string][] = [
  ["LF", `data: ${both}\n\n`, `data: ${one}\n\n`],
  ["CR LF", `data: ${both}\r\n\r\n`, `data: ${one}\r\n\r\n`],
  ["CR", `data: ${both}\r\r`, `data: ${one}\r\r`],
  [
    "mixed line ends",
    `data: ${both}\r\n\rdata: ${both}\r\r\ndata: ${both}\n\r`,
    `data: ${one}\r\n\rdata: ${one}\r\r\ndata: ${one}\n\r`,
  ],
  ["a byte order mark", `\ufeffdata: ${both}\n\ndata: ${both}\n\n`, `\ufeffdata: ${one}\n\ndata: ${one}\n\n`],
  ["a byte order mark on a blank line", `\ufeff\ndata:${both}\n\n`, `\ufeff\ndata: ${one}\n\n`],
  ["a byte order mark in the midst is no field", `: x\n\n\ufeffdata: ${both}\n\n`, `: x\n\n\ufeffdata: ${both}\n\n`],
  ["no space, two spaces", `data:${both}\n\ndata:  ${both}\n\n`, `data: ${one}\n\ndata: ${one}\n\n`],
  [
    "data over several lines, with other fields between",
    `id: 7\r\n: why\r\ndata: ${multiLine[0]}\r\nevent: message\r\ndata: ${multiLine[1]}\r\nretry: 5\r\ndata: ${multiLine[2]}\r\nid: 8\r\n\r\n`,
    `id: 7\r\n: why\r\ndata: ${multiLineFiltered}\r\nevent: message\r\nretry: 5\r\nid: 8\r\n\r\n`,
  ],
  [
    "data over several lines with CR",
    `data: ${multiLine[0]}\rdata: ${multiLine[1]}\r:\rdata: ${multiLine[2]}\r\r`,
    `data: ${multiLineFiltered}\r:\r\r`,
  ],
  [
    "the stream of a session: priming, comments, notifications, another answer, the list, the end",
    `id: 0\nretry: 100\ndata:\n\n: still here\n\nevent: message\nid: 1\ndata: {"method":"notifications/progress","params":{"p":"žluť 🐎"}}\n\ndata: ${other}\n\nid: 2\ndata: ${both}\n\ndata\n\n`,
    `id: 0\nretry: 100\ndata:\n\n: still here\n\nevent: message\nid: 1\ndata: {"method":"notifications/progress","params":{"p":"žluť 🐎"}}\n\ndata: ${other}\n\nid: 2\ndata: ${one}\n\ndata\n\n`,
  ],
  ["an event without its end", `: a\n\ndata: ${both}`, `: a\n\ndata: ${one}`],
  ["an event without its blank line", `data: ${both}\r\n`, `data: ${one}\r\n`],
  ["an event of another name", `event: other\ndata: ${both}\n\n`, `event: other\ndata: ${one}\n\n`],
  ["a batch", `data: [${other},${both}]\n\n`, `data: [${other},${one}]\n\n`],
  [
    "other fields that begin like data",
    `datas: ${both}\ndat: ${both}\nData: x\n\n`,
    `datas: ${both}\ndat: ${both}\nData: x\n\n`,
  ],
  ["escaped letters", `data: ${both.replace('"tools"', '"t\\u006fols"')}\n\n`, `data: ${one}\n\n`],
  ["text that is no message", 'data: he said "tools" {\n\n', 'data: he said "tools" {\n\n'],
  ["nothing", "", ""],
];

test.each(streams)(
  "however its bytes are cut, a stream keeps all but forbidden tools: %s",
  async (_name, sent, expected) => {
    for (const pieces of splits(bytes(sent))) {
      expect(await filtered("text/event-stream", pieces)).toBe(latin1(expected));
    }
  },
);

test("by shape, a list is filtered under whatever id; in particular on a stream that is resumed", async () => {
  const calls = '{"jsonrpc":"2.0","id":4,"result":{"content":[],"tools":["a"],"structuredContent":{"tools":[1]}}}';
  const sent = bytes(`data: ${other}\n\ndata: ${calls}\n\n`);
  const got = latin1(`data: ${listOf(2, "read")}\n\ndata: ${calls}\n\n`);
  for (const pieces of splits(sent)) {
    expect(await filtered("text/event-stream", pieces, { others: "by-shape" })).toBe(got);
  }
});

test("a message that cannot be read, where a list may be, breaks the stream off; the events before it have arrived", async () => {
  const unreadable = [
    `data: ${both.replace('"object"', "NaN")}\n\n`,
    `data: ${both.slice(0, -3)}`,
    `data: ${both.slice(0, 50)}\n\n`,
    `data: ${both}\ndata: ${both}\n\n`,
    `data: ${both.slice(0, -1)},"x":1\ndata:2}\n\n`,
  ];
  for (const event of unreadable) {
    const reader = filterToolLists(
      answer("text/event-stream", [bytes(`: first\n\n${event.slice(0, 9)}`), bytes(event.slice(9))]),
      allowed,
      listIds,
    ).body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toBe(": first\n\n");
    await expect(reader?.read()).rejects.toBeNull();
  }
});

test("an event larger than the limit breaks the stream off, whole or in pieces, and one as large as it passes", async () => {
  const event = `data: ${"x".repeat(92)}\n\n`;
  const limit = { maxHeldBytes: 100 };
  expect(event).toHaveLength(100);
  for (const pieces of splits(bytes(`:\n\n${event}${event}`))) {
    expect(await filtered("text/event-stream", pieces, limit)).toBe(`:\n\n${event}${event}`);
  }
  for (const large of [`data: x\n${event}`, `data: ${"x".repeat(95)}`, `data: x\n: ${"x".repeat(92)}\n\n`]) {
    for (const pieces of splits(bytes(large))) {
      await expect(filtered("text/event-stream", pieces, limit)).rejects.toThrow("larger than 100 bytes");
    }
  }
});

test("every event, and every comment line, goes on before the next one comes", async () => {
  let send: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      send = controller;
    },
  });
  const response = new Response(body, { headers: { "content-type": "text/event-stream" } });
  const reader = filterToolLists(response, allowed, listIds).body?.getReader();
  for (const [sent, got] of [
    ["id: 1\n", "id: 1\n"],
    ["data:\n\n", "data:\n\n"],
    [":\n", ":\n"],
    [`data: ${both}\n\nda`, `data: ${one}\n\n`],
    ["ta: 1\r\n\r", "data: 1\r\n\r"],
    ["\n", "\n"],
    ["retry: 5\r", "retry: 5\r"],
  ] as const) {
    send?.enqueue(bytes(sent));
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(got);
  }
  send?.close();
  expect((await reader?.read())?.done).toBe(true);
});

test("the server is read only when the client reads, and a client that goes away is gone for it, with the reason", async () => {
  let pulled = 0;
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulled++;
        controller.enqueue(bytes(": x\n\n"));
      },
      cancel: cancelled.resolve,
    },
    { highWaterMark: 0 },
  );
  const response = new Response(body, { headers: { "content-type": "text/event-stream" } });
  const reader = filterToolLists(response, allowed, listIds).body?.getReader();
  await Bun.sleep(0);
  expect(pulled).toBe(0);
  await reader?.read();
  await Bun.sleep(0);
  expect(pulled).toBe(1);
  await reader?.cancel("gone");
  expect(await cancelled.promise).toBe("gone");
});

test("whatever bytes hold no list come out as they went in, however they are cut", async () => {
  const random = randomNumbers(20260728);
  // Messages are whole, since one that cannot be read is broken off; everything else is at random.
  const message = `\n\ndata: ${other}\n\n`;
  const breaks = ["\n", "\r", "\r\n", "\n\n"];
  const fields = ["data", ":", " ", "id: 1", "retry: 9", ": c", "\ufeff"];
  const parts = [...breaks, ...fields, message, 'x{"a":[1,2]}', '"tools"', "\\u00", "x".repeat(300), "é", "\0"];
  for (let round = 0; round < 1500; round++) {
    const text = Array.from({ length: random(40) }, () => parts[random(parts.length)]).join("");
    const noise = Buffer.from(Array.from({ length: random(40) }, () => random(256)));
    const sent = Buffer.concat([bytes(text), noise]);
    const pieces: Buffer[] = [];
    for (let at = 0, end = 0; at < sent.length; at = end) {
      end = at + random(1 + random(200));
      pieces.push(sent.subarray(at, end));
    }
    expect(await filtered("text/event-stream", pieces)).toBe(sent.toString("latin1"));
  }
});

test("of a long stream with lists among other events, only the lists are changed", async () => {
  const random = randomNumbers(1);
  const ends = ["\n", "\r", "\r\n"];
  const events = [
    ["data: ping", "data: ping"],
    [`id: 5~data: ${both}`, `id: 5~data: ${one}`],
    [": comment", ": comment"],
    [`data: ${other}~event: message`, `data: ${other}~event: message`],
    [`data: ${multiLine.join("~data: ")}~retry: 7`, `data: ${multiLineFiltered}~retry: 7`],
  ] as const;
  for (let round = 0; round < 200; round++) {
    const chosen = Array.from({ length: 30 }, () => {
      const [sent, got] = events[random(events.length)] as (typeof events)[number];
      const end = ends[random(3)] as string;
      return [`${sent}~~`.replaceAll("~", end), `${got}~~`.replaceAll("~", end)] as const;
    });
    const sent = bytes(chosen.map(([text]) => text).join(""));
    const pieces: Uint8Array[] = [];
    for (let at = 0, end = 0; at < sent.length; at = end) {
      end = at + 1 + random(90);
      pieces.push(sent.subarray(at, end));
    }
    expect(await filtered("text/event-stream", pieces)).toBe(chosen.map(([, text]) => text).join(""));
  }
});

/** Whole numbers below `limit`, the same ones in every run (mulberry32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
