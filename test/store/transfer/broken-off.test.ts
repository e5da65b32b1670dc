import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { openPglite } from "../../../gateway/store/pglite.ts";
import type { TrailEntry } from "../../../gateway/store/store.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { contentsOf, fill } from "./inventory.ts";
import { run } from "./program.ts";

const program = `${import.meta.dirname}/program.ts`;

test("an import killed with -9 leaves whole records, is refused when repeated, and goes on with --skip-existing", async () => {
  await using directory = await temporaryDirectory();
  const [a, b, file] = [`${directory.path}/a`, `${directory.path}/b`, `${directory.path}/file.jsonl`];
  await fill(a, 1_000);
  await run("export", `pglite:${a}`, file);
  const all = await contentsOf(a);
  const names = new Map(all.resources.map((resource) => [`${resource.kind} ${resource.name}`, resource]));

  for (const flags of [[], ["--skip-existing"]]) {
    await importUntilKilled(file, b, flags);
    const left = await contentsOf(b);
    expect(left.resources.length).toBeGreaterThanOrEqual(100);
    for (const resource of left.resources) {
      expect(resource).toEqual(names.get(`${resource.kind} ${resource.name}`) as typeof resource);
    }
    expect([0, 10]).toContain(left.entries.length);
  }

  const repeated = await run("import", file, `pglite:${b}`);
  const taken = "Nothing was written, because these names are taken:";
  expect([repeated.code, repeated.err.split("\n")[0]]).toEqual([1, taken]);
  expect((await run("import", file, `pglite:${b}`, "--skip-existing")).code).toBe(0);
  expect(await contentsOf(b)).toEqual(all);
  await run("export", `pglite:${b}`, `${directory.path}/again.jsonl`);
  expect(await readFile(`${directory.path}/again.jsonl`, "utf8")).toBe(await readFile(file, "utf8"));
}, 60_000);

/** Kills it once the first hundred records are written, at whatever it is doing then. */
async function importUntilKilled(file: string, directory: string, flags: string[]): Promise<void> {
  const command = [process.execPath, program, "import", file, `pglite:${directory}`, ...flags];
  const child = Bun.spawn(command, { stdout: "inherit", stderr: "pipe" });
  let said = "";
  for await (const chunk of child.stderr) {
    said += new TextDecoder().decode(chunk);
    if (/ [1-9]\d*\/\d+|Comparing/.test(said)) child.kill("SIGKILL");
  }
  await child.exited;
  expect([child.signalCode, said]).toEqual(["SIGKILL", expect.any(String)]);
}

test("of a trail that is there in part the rest is added, and what occurs twice is there twice", async () => {
  await using directory = await temporaryDirectory();
  const [a, b] = [`${directory.path}/a`, `${directory.path}/b`];
  await fill(a);
  const { entries } = await contentsOf(a);
  expect(new Set(entries).size).toBe(entries.length - 1);
  const twice = entries.find((entry, index) => entries.indexOf(entry) !== index) ?? "";
  const own = entries[0]?.replace(/"actor":"\w+"/, '"actor":"of-its-own"') ?? "";
  const part = await openPglite({ directory: b });
  await part.restoreAudit([twice, own].map((text): TrailEntry => JSON.parse(text)));
  await part[Symbol.asyncDispose]();

  expect((await run("copy", `pglite:${a}`, `pglite:${b}`)).out).toEqual([
    "Copied 2 adapters, 1 virtual server, 1 tool and 9 audit entries.",
    "0 records and 1 audit entries were there before.",
    "Read back and compared: all of it is there.",
  ]);
  expect((await contentsOf(b)).entries).toEqual([...entries, own].sort());
});

test("a trail of many pages is moved whole, also where thousands are of one millisecond", async () => {
  await using directory = await temporaryDirectory();
  const [a, b] = [`${directory.path}/a`, `${directory.path}/b`];
  await fill(a);
  const store = await openPglite({ directory: a });
  const { entries } = await pageOf(store);
  const [first] = entries;
  if (!first) throw new Error("no entries");
  const { id: _, ...entry } = first;
  const at = (ms: number) => new Date(Date.UTC(2026, 5, 1) + ms).toISOString();
  const many = Array.from({ length: 2_500 }, (_, count) => ({
    ...entry,
    requestId: `${count}`,
    at: at(count < 1_200 ? 0 : count),
  }));
  for (let from = 0; from < many.length; from += 500) await store.restoreAudit(many.slice(from, from + 500));
  await store[Symbol.asyncDispose]();

  const file = `${directory.path}/file.jsonl`;
  await run("export", `pglite:${a}`, file);
  const ran = await run("import", file, `pglite:${b}`);
  expect(ran.out[0]).toBe("Imported 2 adapters, 1 virtual server, 1 tool and 2510 audit entries.");
  await run("export", `pglite:${b}`, `${directory.path}/again.jsonl`);
  expect(await readFile(`${directory.path}/again.jsonl`, "utf8")).toBe(await readFile(file, "utf8"));
}, 60_000);

async function pageOf(store: { audit: Awaited<ReturnType<typeof openPglite>>["audit"] }) {
  const read = await store.audit({ limit: 1 });
  if (read.state !== "read") throw new Error(read.state);
  return read;
}
