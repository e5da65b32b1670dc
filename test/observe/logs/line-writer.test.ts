import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { lineWriter } from "../../../gateway/observe/logs/line-writer.ts";
import { temporaryDirectory } from "../../support/process.ts";
import { until } from "../../support/until.ts";

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

type Done = (error: NodeJS.ErrnoException | null, written: number) => void;

/** A descriptor that takes each write when the test says so. */
function slowDescriptor() {
  const asked: { text: string; done: Done }[] = [];
  return {
    asked,
    writeTo: (_fd: number, bytes: Uint8Array, done: Done) =>
      void asked.push({ text: Buffer.from(bytes).toString(), done }),
  };
}

test("lines are written together, in their order, and what comes meanwhile with the next", async () => {
  const { asked, writeTo } = slowDescriptor();
  const lines = lineWriter(1, () => {}, 1000, writeTo);
  for (const line of ["a\n", "é\n", "東京\n"]) lines.write(line);
  await until("they are on their way", () => asked.length === 1);
  expect(asked[0]?.text).toBe("a\né\n東京\n");
  lines.writeLine("b");
  lines.write("c\n");
  asked[0]?.done(null, Buffer.byteLength("a\né\n東京\n"));
  await until("the next", () => asked.length === 2);
  expect(asked[1]?.text).toBe("b\nc\n");
  asked[1]?.done(null, 4);
  await lines[Symbol.asyncDispose]();
  expect(asked).toHaveLength(2);
});

test("a write that is not taken whole goes on where it ended, also when the pipe was full", async () => {
  const { asked, writeTo } = slowDescriptor();
  const lines = lineWriter(1, () => {}, 1000, writeTo);
  lines.write("0123456789\n");
  await until("on its way", () => asked.length === 1);
  asked[0]?.done(null, 4);
  await until("the rest", () => asked.length === 2);
  asked[1]?.done(Object.assign(new Error(), { code: "EAGAIN" }), 0);
  await until("again", () => asked.length === 3);
  expect(asked.map(({ text }) => text)).toEqual(["0123456789\n", "456789\n", "456789\n"]);
  asked[2]?.done(null, 7);
  await lines[Symbol.asyncDispose]();
});

test("when nobody reads, lines are lost whole, and later ones come through again", async () => {
  const { asked, writeTo } = slowDescriptor();
  let dropped = 0;
  const lines = lineWriter(1, () => dropped++, 100, writeTo);
  const line = `${"x".repeat(39)}\n`;
  lines.write(line);
  await until("on its way", () => asked.length === 1);
  for (const _ of [1, 2, 3]) lines.write(line);
  expect(dropped).toBe(1);
  // As many bytes as are left, and not as many characters as would be if each took three.
  lines.write(`${"y".repeat(19)}\n`);
  expect(dropped).toBe(1);
  lines.write("z");
  expect(dropped).toBe(2);
  lines.writeLine("");
  expect(dropped).toBe(3);
  asked[0]?.done(null, 40);
  await until("the next", () => asked.length === 2);
  expect(asked[1]?.text).toBe(`${line}${line}${"y".repeat(19)}\n`);
  lines.write(line);
  asked[1]?.done(null, 100);
  await until("the last", () => asked.length === 3);
  asked[2]?.done(null, 40);
  await lines[Symbol.asyncDispose]();
});

test("a descriptor that fails loses what it was given, and is tried with the next lines", async () => {
  const { asked, writeTo } = slowDescriptor();
  const lines = lineWriter(1, () => {}, 1000, writeTo);
  lines.write("lost\n");
  await until("on its way", () => asked.length === 1);
  asked[0]?.done(Object.assign(new Error(), { code: "EPIPE" }), 0);
  lines.write("next\n");
  await until("the next", () => asked.length === 2);
  expect(asked[1]?.text).toBe("next\n");
  asked[1]?.done(null, 5);
  await lines[Symbol.asyncDispose]();
});

test("disposal writes what is left at once, and waits no longer than a moment for a reader that stands still", async () => {
  const { asked, writeTo } = slowDescriptor();
  const lines = lineWriter(1, () => {}, 1000, writeTo);
  lines.write("left\n");
  const closed = lines[Symbol.asyncDispose]();
  expect(asked[0]?.text).toBe("left\n");
  await closed;
});

test("a process that exits by itself has written everything", async () => {
  const { path } = stack.use(await temporaryDirectory());
  const module = join(import.meta.dir, "../../../gateway/observe/logs/line-writer.ts");
  await Bun.write(
    `${path}/exits.ts`,
    `import { lineWriter } from ${JSON.stringify(module)};
     const lines = lineWriter(1, () => {});
     for (let i = 0; i < 1000; i++) lines.write(i + "\\n");
     process.exit(3);`,
  );
  const child = Bun.spawn([process.execPath, `${path}/exits.ts`], { stdout: "pipe" });
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(3);
  expect(text.split("\n").slice(0, -1)).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
});
