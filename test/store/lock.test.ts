import { expect, test } from "bun:test";
import { DirectoryInUse, lockDirectory } from "../../gateway/store/lock.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const holder = `${import.meta.dirname}/lock-holder.ts`;

/** A process that locks the directory and says so, or says why it cannot; killed with -9 when disposed. */
async function holdInAnotherProcess(directory: string) {
  const child = Bun.spawn([process.execPath, holder, directory], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { child, kill, says: new TextDecoder().decode(value).trim(), [Symbol.asyncDispose]: kill };
}

test("a second gateway on a directory is told what to do, and the first goes on", async () => {
  await using directory = await temporaryDirectory();
  await using first = await holdInAnotherProcess(directory.path);
  expect(first.says).toBe("locked");
  await using second = await holdInAnotherProcess(directory.path);
  expect(second.says).toBe(
    `DirectoryInUse: Another gateway uses ${directory.path}. Stop it, or start this one with another STORE_URL, for example STORE_URL=pglite:./other`,
  );
  expect(await second.child.exited).toBe(1);
  await expect(openPglite({ directory: directory.path })).rejects.toBeInstanceOf(DirectoryInUse);
  expect(first.child.exitCode).toBeNull();
});

test("a gateway killed with -9 leaves no lock behind", async () => {
  await using directory = await temporaryDirectory();
  await using killed = await holdInAnotherProcess(directory.path);
  expect(killed.says).toBe("locked");
  await killed.kill();
  using lock = lockDirectory(directory.path);
  expect(lock).toBeDefined();
});

test("a lock holds within one process too, through garbage collections, until it is disposed", async () => {
  await using directory = await temporaryDirectory();
  const lock = lockDirectory(directory.path);
  Bun.gc(true);
  expect(() => lockDirectory(directory.path)).toThrow(DirectoryInUse);
  lock[Symbol.dispose]();
  using next = lockDirectory(directory.path);
  expect(next).toBeDefined();
});

test("a lock file that is not SQLite's is another error than a directory in use", async () => {
  await using directory = await temporaryDirectory();
  await Bun.write(`${directory.path}/gateway.lock`, "not a database ".repeat(100));
  expect(() => lockDirectory(directory.path)).toThrow("file is not a database");
});
