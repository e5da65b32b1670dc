import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { openPglite } from "../../../gateway/store/pglite.ts";
import { writeFile as writeRecords } from "../../../gateway/store/transfer/write-file.ts";
import { adapterBody, author, toolBody } from "../records.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { contentsOf, fill, numbered } from "./inventory.ts";
import { run } from "./program.ts";

test("export, import, export gives identical bytes, of every kind and 2,000 records", async () => {
  await using directory = await temporaryDirectory();
  const [a, b] = [`${directory.path}/a`, `${directory.path}/b`];
  await fill(a, 2_000);
  const exported = await run("export", `pglite:${a}`, `${directory.path}/first.jsonl`);
  expect(exported).toEqual({
    code: 0,
    out: [
      `Exported 669 adapters, 667 virtual servers, 668 tools and 10 audit entries to ${directory.path}/first.jsonl.`,
      `${directory.path}/first.jsonl has the value of 1 secret in it. Only its owner can read it: keep it so.`,
    ],
    err: "Writing records (2004)\nWriting the audit trail\n",
  });
  expect((await stat(`${directory.path}/first.jsonl`)).mode & 0o777).toBe(0o600);

  expect((await run("import", `${directory.path}/first.jsonl`, `pglite:${b}`)).out).toEqual([
    "Imported 669 adapters, 667 virtual servers, 668 tools and 10 audit entries.",
    "Read back and compared: all of it is there.",
  ]);
  expect((await run("export", `pglite:${b}`, `${directory.path}/second.jsonl`)).code).toBe(0);
  const first = await readFile(`${directory.path}/first.jsonl`, "utf8");
  expect(await readFile(`${directory.path}/second.jsonl`, "utf8")).toBe(first);
  expect(await contentsOf(b)).toEqual(await contentsOf(a));

  const lines = first.split("\n");
  expect(lines[0]).toBe('{"format":"mcp-gateway-store","version":1}');
  expect(lines[1]).toStartWith('{"resource":{"body":{"affinity":"principal","allowedTools":null,"createdAt":');
  expect(lines.at(-2)).toMatch(/^\{"end":\{"counts":\{"adapter":669,"audit":10,"server":667,"tool":668\},"sha256":"/);
  expect(lines.at(-1)).toBe("");
}, 120_000);

test("a file that is cut, changed, of another version or none of ours is refused, and nothing is written", async () => {
  await using directory = await temporaryDirectory();
  const file = `${directory.path}/file.jsonl`;
  await fill(`${directory.path}/a`);
  await run("export", `pglite:${directory.path}/a`, file);
  const whole = await readFile(file, "utf8");
  const lines = whole.split("\n");
  const withoutLast = (count: number) => `${lines.slice(0, -1 - count).join("\n")}\n`;
  const resigned = (text: string) => {
    const before = text.slice(0, text.indexOf('{"end"'));
    const sha256 = createHash("sha256").update(before).digest("hex");
    return `${before}${text.slice(before.length).replace(/"sha256":"\w+"/, `"sha256":"${sha256}"`)}`;
  };
  const cut = "its last line is missing. Export it again.";
  const changed = `${file} was changed after it was written. Export it again.`;
  const cases: [string, string][] = [
    [withoutLast(1), `${file} is not whole: ${cut}`],
    [withoutLast(3), `${file} is not whole: ${cut}`],
    [whole.slice(0, -1), `${file} is not whole: its last line has no end. Export it again.`],
    [whole.slice(0, whole.length / 2), `${file} is not whole: its last line has no end. Export it again.`],
    [whole.replace("hunter2", "hunter3"), changed],
    [whole.replace(`${lines[2]}\n`, ""), changed],
    [resigned(whole.replace(`${lines[2]}\n`, "")), changed],
    [`${whole}${lines[1]}\n`, `${file} goes on after its last line.`],
    [whole.replace('"version":1', '"version":2'), `${file} has version 2 of the format; this release reads version 1.`],
    ["", `${file} is not whole: ${cut}`],
    ["null\n", `${file} is no file that "export" wrote.`],
    ["PK\u0003\u0004\n", `${file} is no file that "export" wrote.`],
    [
      resigned(whole.replace('"replicaCount":1', '"replicaCount":"many hunter2"')),
      `${file}, line 2: replicaCount: Invalid input: expected number, received string`,
    ],
    [
      resigned(whole.replaceAll('"name":"odd"', '"name":"../odd"')),
      `${file}, line 3: name: Name must contain only lowercase letters, numbers, and dashes.`,
    ],
    [resigned(whole.replace('"kind":"adapter"', '"kind":"agent"')), /^.*, line 2: kind: Invalid option/.source],
  ];
  for (const [text, why] of cases) {
    await writeFile(file, text);
    const ran = await run("import", file, `pglite:${directory.path}/b`);
    expect([ran.code, ran.out]).toEqual([1, []]);
    if (why.startsWith("^")) expect(ran.err).toMatch(new RegExp(why));
    else expect(ran.err).toBe(`${why}\n`);
  }
  expect(existsSync(`${directory.path}/b`)).toBe(false);
  expect((await run("import", `${directory.path}/nowhere`, `pglite:${directory.path}/b`)).err).toBe(
    `There is no file ${directory.path}/nowhere.\n`,
  );
});

test("names that are taken stop it before anything is written, and all of them are listed", async () => {
  await using directory = await temporaryDirectory();
  const [a, b] = [`${directory.path}/a`, `${directory.path}/b`];
  await fill(a, 3);
  const other = await openPglite({ directory: b });
  await other.create("tool", "odd", toolBody("odd"), author);
  await other.create("tool", "weather-tool", toolBody("weather-tool"), author);
  await other[Symbol.asyncDispose]();
  const before = await contentsOf(b);
  const ran = await run("copy", `pglite:${a}`, `pglite:${b}`, "--skip-existing");
  expect(ran).toEqual({
    code: 1,
    out: [],
    err: [
      "Nothing was written, because these names are taken:",
      "  adapter odd, by the tool odd: they share their names",
      "  tool weather-tool, by one that differs",
      "",
    ].join("\n"),
  });
  expect(await contentsOf(b)).toEqual(before);
});

test("a second import is refused, and with --skip-existing it adds nothing", async () => {
  await using directory = await temporaryDirectory();
  const [a, b] = [`${directory.path}/a`, `${directory.path}/b`];
  await fill(a);
  await run("copy", `pglite:${a}`, `pglite:${b}`);
  const before = await contentsOf(b);
  const refused = await run("copy", `pglite:${a}`, `pglite:${b}`);
  expect(refused.code).toBe(1);
  expect(refused.err).toStartWith(
    "Nothing was written, because these names are taken:\n  adapter leaving, by an equal one, which --skip-existing passes over\n",
  );
  expect(await run("copy", `pglite:${a}`, `pglite:${b}`, "--skip-existing")).toMatchObject({
    code: 0,
    out: [
      "Copied 0 adapters, 0 virtual servers, 0 tools and 0 audit entries.",
      "4 records and 10 audit entries were there before.",
      "Read back and compared: all of it is there.",
    ],
  });
  expect(await contentsOf(b)).toEqual(before);
});

test("a dry run says what would be done and changes nothing", async () => {
  await using directory = await temporaryDirectory();
  const [a, b, file] = [`${directory.path}/a`, `${directory.path}/b`, `${directory.path}/file.jsonl`];
  await fill(a);
  const would = "2 adapters, 1 virtual server, 1 tool and 10 audit entries";
  expect((await run("copy", `pglite:${a}`, `pglite:${b}`, "--dry-run")).out).toEqual([
    `Would copy ${would}.`,
    "Nothing was written.",
  ]);
  const toFile = await run("export", `pglite:${a}`, file, "--dry-run");
  expect(toFile.out).toEqual([`Would export ${would} to ${file}. Nothing was written.`]);
  await run("export", `pglite:${a}`, `${directory.path}/kept.jsonl`);
  expect((await run("import", `${directory.path}/kept.jsonl`, `pglite:${b}`, "--dry-run")).out[0]).toBe(
    `Would import ${would}.`,
  );
  expect((await readdir(directory.path)).sort()).toEqual(["a", "kept.jsonl"]);

  const there = `${directory.path}/there`;
  await (await openPglite({ directory: there }))[Symbol.asyncDispose]();
  expect((await run("copy", `pglite:${a}`, `pglite:${there}`, "--dry-run")).out[0]).toBe(`Would copy ${would}.`);
  expect(await contentsOf(there)).toEqual({ resources: [], entries: [] });

  const taken = await run("import", `${directory.path}/kept.jsonl`, `pglite:${a}`, "--dry-run");
  expect([taken.code, taken.err.split("\n").length]).toEqual([1, 6]);
});

test("the trail stays where it is when it is asked to, and one that is there already is kept", async () => {
  await using directory = await temporaryDirectory();
  const [a, b] = [`${directory.path}/a`, `${directory.path}/b`];
  await fill(a);
  await (await openPglite({ directory: b }))[Symbol.asyncDispose]();
  expect((await run("copy", `pglite:${a}`, `pglite:${b}`, "--without-audit")).out).toEqual([
    "Copied 2 adapters, 1 virtual server, 1 tool and 0 audit entries.",
    "Read back and compared: all of it is there, the trail aside.",
  ]);
  expect((await contentsOf(b)).entries).toEqual([]);
  await run("export", `pglite:${a}`, `${directory.path}/file.jsonl`, "--without-audit");
  expect(await readFile(`${directory.path}/file.jsonl`, "utf8")).not.toContain('{"entry"');
});

test("secrets go without their values when they are asked to, and come without them only when that is said again", async () => {
  await using directory = await temporaryDirectory();
  const [a, b, file] = [`${directory.path}/a`, `${directory.path}/b`, `${directory.path}/file.jsonl`];
  await fill(a);
  const exported = await run("export", `pglite:${a}`, file, "--without-secrets");
  expect(exported.out).toEqual([`Exported 2 adapters, 1 virtual server, 1 tool and 10 audit entries to ${file}.`]);
  const text = await readFile(file, "utf8");
  expect(text).not.toContain("hunter2");
  expect(text).toContain('"KEY":{"secret":true},"TOKEN":{"secretRef":{"key":"token","name":"github"}}');

  const refused = await run("import", file, `pglite:${b}`);
  expect(refused).toEqual({
    code: 1,
    out: [],
    err: "These secrets have no value here; --without-secrets moves their records all the same:\n  adapter odd: KEY\n",
  });
  expect((await run("import", file, `pglite:${b}`, "--without-secrets")).code).toBe(0);
  await run("export", `pglite:${b}`, `${directory.path}/again.jsonl`);
  expect(await readFile(`${directory.path}/again.jsonl`, "utf8")).toBe(text);
});

test("no file is overwritten, and one that cannot be written leaves nothing behind", async () => {
  await using directory = await temporaryDirectory();
  await fill(`${directory.path}/a`);
  await writeFile(`${directory.path}/there`, "mine");
  const ran = await run("export", `pglite:${directory.path}/a`, `${directory.path}/there`);
  expect([ran.code, ran.err]).toEqual([
    1,
    `${directory.path}/there exists already. Name a new file, or move that one away.\n`,
  ]);
  expect(await readFile(`${directory.path}/there`, "utf8")).toBe("mine");
  const nowhere = await run("export", `pglite:${directory.path}/a`, `${directory.path}/no/where`);
  expect([nowhere.code, nowhere.err]).toEqual([1, `${directory.path}/no/where.part cannot be written (ENOENT).\n`]);

  await writeFile(`${directory.path}/new.part`, "of an export that was killed", { mode: 0o644 });
  const failing = {
    resources: [numbered(1)],
    trail: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("away")) }) }),
    notes: [],
  };
  const path = `${directory.path}/new`;
  await expect(writeRecords(failing, path, { withAudit: true }, () => undefined)).rejects.toThrow("away");
  expect((await readdir(directory.path)).sort()).toEqual(["a", "there"]);
});

test("a directory that a gateway uses is refused in the lock's words, and one without a database is not made", async () => {
  await using directory = await temporaryDirectory();
  await using store = await openPglite({ directory: `${directory.path}/a` });
  await store.create("adapter", "weather", adapterBody("weather"), author);
  const used = await run("export", `pglite:${directory.path}/a`, `${directory.path}/file`);
  expect(used.code).toBe(1);
  expect(used.err).toStartWith(`Another gateway uses ${directory.path}/a. Stop it, `);
  const none = await run("copy", `pglite:${directory.path}/b`, `pglite:${directory.path}/c`);
  expect([none.code, none.err]).toEqual([1, `There is no database in ${directory.path}/b.\n`]);
  expect(await readdir(directory.path)).toEqual(["a"]);
});
