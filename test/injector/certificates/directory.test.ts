import { expect, test } from "bun:test";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { certificateDirectory } from "../../../injector/certificates/directory.ts";
import type { Pair } from "../../../injector/certificates/pair.ts";
import { temporaryDirectory } from "../../support/process.ts";
import { newPair } from "../webhook.ts";

/** A directory as a kubelet mounts a Secret: the files change all at once, by a symbolic link. */
async function mounted(path: string) {
  let versions = 0;
  const shown: Pair[] = [];
  const { look } = certificateDirectory({
    directory: path,
    readText: (file) => Bun.file(file).text(),
    serve: (pair) => shown.push(pair),
  });
  return {
    shown,
    look,
    async put(cert: string, key: string): Promise<void> {
      const name = `..${++versions}`;
      await mkdir(join(path, name));
      await Bun.write(join(path, name, "tls.crt"), cert);
      await Bun.write(join(path, name, "tls.key"), key);
      await symlink(name, join(path, "..next"));
      await rename(join(path, "..next"), join(path, "..data"));
      if (versions > 1) return;
      for (const file of ["tls.crt", "tls.key"]) await symlink(join("..data", file), join(path, file));
    },
  };
}

test("a certificate in a directory is shown, and so is each that takes its place", async () => {
  await using folder = await temporaryDirectory();
  const { put, look, shown } = await mounted(folder.path);
  expect(await look()).toContain("ENOENT");
  const [first, second] = [await newPair(), await newPair()];
  await put(first.cert, first.key);
  expect(await look()).toBeUndefined();
  expect(await look()).toBeUndefined();
  await put(second.cert, second.key);
  expect(await look()).toBeUndefined();
  expect(shown.map(({ cert }) => cert)).toEqual([first.cert, second.cert]);
  expect(shown[0]?.untilMs).toBeGreaterThan(Date.now() + 89 * 24 * 60 * 60 * 1000);
});

test("what is no pair is told, and what was shown stays", async () => {
  await using folder = await temporaryDirectory();
  const { put, look, shown } = await mounted(folder.path);
  const [first, second] = [await newPair(), await newPair()];
  await put(first.cert, first.key);
  await look();
  await put(second.cert, first.key);
  expect(await look()).toBe(`${folder.path}/tls.key is not the key of tls.crt`);
  await put("garbage", second.key);
  expect(await look()).toBe(`${folder.path}/tls.crt holds no certificate`);
  await put("", "");
  expect(await look()).toBe(`${folder.path}/tls.crt holds no certificate`);
  expect(shown.map(({ cert }) => cert)).toEqual([first.cert]);
  await put(second.cert, second.key);
  expect(await look()).toBeUndefined();
  expect(shown.map(({ cert }) => cert)).toEqual([first.cert, second.cert]);
});
