import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { lineRelay } from "../../gateway/workers/line-relay.ts";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";

async function relayed(use: (relay: ReturnType<typeof lineRelay>) => Promise<unknown>): Promise<string> {
  await using directory = await temporaryDirectory();
  const file = `${directory.path}/out`;
  const fd = openSync(file, "a");
  const relay = lineRelay(fd);
  await use(relay);
  await relay.written();
  closeSync(fd);
  return readFileSync(file, "utf8");
}

const streamOf = (...chunks: string[]) => new Blob(chunks).stream();

function piecesOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(text);
  let from = 0;
  return new ReadableStream({
    async pull(controller) {
      await Promise.resolve();
      if (from >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(from, from + size));
      from += size;
    },
  });
}

test("lines of several programs stay whole, however they come", async () => {
  const lineOf = (name: string, at: number) => `${name}${at}:${name.repeat(1 + ((at * 7919) % 300))}`;
  const names = ["a", "b", "é"];
  const all = names.map((name) => Array.from({ length: 200 }, (_, at) => lineOf(name, at)));
  const written = await relayed((relay) =>
    Promise.all(all.map((lines, at) => relay.pass(piecesOf(`${lines.join("\n")}\n`, 61 + at * 100)))),
  );
  const lines = written.split("\n").slice(0, -1);
  expect(lines).toHaveLength(600);
  for (const [at, name] of names.entries())
    expect(lines.filter((line) => line.startsWith(name))).toEqual(all[at] ?? []);
});

test("a last line without an end gets one", async () => {
  expect(await relayed((relay) => relay.pass(streamOf("one\ntw", "o")))).toBe("one\ntwo\n");
});

test("whoever never ends a line is not kept in memory", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let i = 0; i < 3; i++) controller.enqueue(Buffer.alloc(512 * 1024, "x"));
      await promise;
      controller.close();
    },
  });
  await using directory = await temporaryDirectory();
  const file = `${directory.path}/out`;
  const fd = openSync(file, "a");
  const passing = lineRelay(fd).pass(endless);
  await until("it goes on in pieces", () => readFileSync(file).length >= 1024 * 1024);
  resolve();
  await passing;
  closeSync(fd);
});

test("own lines keep their place", async () => {
  const written = await relayed(async (relay) => {
    await relay.pass(streamOf("first\n"));
    relay.write("own\n");
    await relay.pass(streamOf("last\n"));
  });
  expect(written).toBe("first\nown\nlast\n");
});

test("when nobody reads any more, whoever writes is not held up", async () => {
  const fd = openSync("/dev/full", "w");
  const relay = lineRelay(fd);
  await relay.pass(streamOf("lost\n"));
  await relay.pass(streamOf("lost, too\n"));
  closeSync(fd);
});
