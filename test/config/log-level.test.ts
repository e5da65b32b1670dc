import { expect, test } from "bun:test";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import pretty from "pino-pretty";
import { lookEveryMs } from "../../gateway/config/watched-file.ts";
import { followLogLevel } from "../../gateway/log-level.ts";
import { eventsTo } from "../../gateway/observe/events.ts";
import type { Log } from "../../gateway/observe/logs/log.ts";
import { startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";

/** A log whose level is in a file as a cluster mounts it, looked at when the test says so. */
async function openStand({
  level = "info",
  text,
  log = linesAt(level),
}: {
  level?: string;
  text?: string;
  log?: TestLog;
}) {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await temporaryDirectory());
  const file = join(directory.path, "level");
  let versions = 0;
  /** As the kubelet does: a new folder, and the link to it replaced in one step. */
  async function mount(word: string): Promise<void> {
    const folder = `..version-${++versions}`;
    await mkdir(join(directory.path, folder));
    await writeFile(join(directory.path, folder, "level"), word);
    await symlink(folder, join(directory.path, "..data_tmp"));
    await rename(join(directory.path, "..data_tmp"), join(directory.path, "..data"));
  }
  if (text !== undefined) {
    await symlink("..data/level", file);
    await mount(text);
  }
  const clock = { everyMs: 0, look: async () => {}, stopped: false };
  const every = (everyMs: number, look: () => Promise<void>) => {
    Object.assign(clock, { everyMs, look });
    return () => Object.assign(clock, { stopped: true });
  };
  opening.use(await followLogLevel({ file, log: log.log, events: eventsTo(log.log), every }));
  const opened = opening.move();
  return { ...log, file, clock, mount, look: () => clock.look(), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

type TestLog = { readonly log: Log; readonly lines: string[] };

function linesAt(level: string): TestLog {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  return { log: pino({ level, base: null, timestamp: false }, sink), lines };
}

const changed = (file: string, from: string, to: string) =>
  `${JSON.stringify({ level: 30, file, from, to, msg: "log level changed" })}\n`;

test("the word in the file counts from the beginning, and is looked at every few seconds", async () => {
  await using stand = await openStand({ text: "debug\n" });
  expect(stand.log.level).toBe("debug");
  expect(stand.log.isLevelEnabled("debug")).toBe(true);
  expect(stand.lines).toEqual([changed(stand.file, "info", "debug")]);
  expect(stand.clock.everyMs).toBe(lookEveryMs);
});

test("a word that is swapped by a link takes effect, and is told once, whatever the levels are", async () => {
  await using stand = await openStand({ text: "info" });
  expect(stand.lines).toEqual([]);
  for (const word of ["error", "fatal", "silent", " WARN\n"]) {
    await stand.mount(word);
    await stand.look();
    await stand.look();
  }
  const { file } = stand;
  expect(stand.lines).toEqual([
    changed(file, "info", "error"),
    changed(file, "error", "fatal"),
    changed(file, "fatal", "silent"),
    changed(file, "silent", "warn"),
  ]);
  expect(stand.log.isLevelEnabled("info")).toBe(false);
  expect(stand.log.isLevelEnabled("warn")).toBe(true);
});

test("the same word written otherwise is no change", async () => {
  await using stand = await openStand({ text: "debug" });
  await stand.mount("debug\n");
  await stand.look();
  expect(stand.lines).toHaveLength(1);
});

test("a word that is no level is told once, and the level stays", async () => {
  await using stand = await openStand({ text: "warn" });
  for (const word of ["loud", "loud", ""]) {
    await stand.mount(word);
    await stand.look();
  }
  expect(stand.log.level).toBe("warn");
  const said = stand.lines.slice(1).map((line) => JSON.parse(line));
  expect(said).toHaveLength(2);
  expect(said[0]).toMatchObject({ level: 40, file: stand.file, kept: "warn" });
  expect(said[0].reason).toContain('"trace"|"debug"|"info"|"warn"|"error"|"fatal"|"silent"');
});

test("a file that is not there yet is told once; when it comes it counts, and when it goes its word stays", async () => {
  await using stand = await openStand({});
  await stand.look();
  expect(stand.lines.map((line) => JSON.parse(line).reason)).toEqual([`${stand.file} cannot be read (ENOENT)`]);
  await writeFile(stand.file, "debug");
  await stand.look();
  expect(stand.log.level).toBe("debug");
  await rm(stand.file);
  await stand.look();
  await stand.look();
  expect(stand.log.level).toBe("debug");
  expect(stand.lines).toHaveLength(3);
});

test("a terminal's log follows, too", async () => {
  const lines: string[] = [];
  const destination = new Writable({
    write(line, _, done) {
      lines.push(String(line));
      done();
    },
  });
  const log = pino({ level: "info", base: null }, pretty({ colorize: false, destination }));
  await using stand = await openStand({ text: "warn", log: { log, lines } });
  log.info("unheard");
  await stand.mount("debug");
  await stand.look();
  log.debug("heard");
  await until("the line", () => lines.some((line) => line.includes("heard")));
  expect(lines.join("")).not.toContain("unheard");
});

test("nobody looks after the gateway has closed", async () => {
  const stand = await openStand({ text: "info" });
  await stand[Symbol.asyncDispose]();
  expect(stand.clock.stopped).toBe(true);
  await stand.look();
  expect(stand.lines).toEqual([]);
});

test("a gateway that runs changes its level without a restart", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "level");
  await using gateway = await startGatewayProcess(join(directory.path, "data"), { LOG_LEVEL_FILE: file });
  expect(gateway.log()).toContain("no log level can be read from its file");
  await writeFile(file, "silent");
  await until("the level has changed", () => gateway.log().includes("log level changed"));
  const { length } = gateway.log();
  await fetch(`${gateway.url}/adapters`, { headers: { host: "evil.example" } });
  expect(await gateway.end("SIGTERM")).toBe(0);
  expect(gateway.log().slice(length)).toBe("");
}, 30_000);
