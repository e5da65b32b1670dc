import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json";
import { emit } from "../../openapi/emit.ts";
import { openapiDocument } from "../../openapi/openapi.ts";

const project = join(import.meta.dir, "../..");
const tree = async (folder: string) => (await readdir(folder, { recursive: true })).filter((n) => n.endsWith(".ts"));

test("openapi.json and the client in the repository are those that the contract gives: `npm run emit`", async () => {
  const folder = await mkdtemp(join(tmpdir(), "emitted-"));
  try {
    await emit(folder);
    const names = ["openapi.json", ...(await tree(join(folder, "client"))).map((name) => `client/${name}`)];
    const committed = [
      "openapi.json",
      ...(await tree(join(project, "openapi/client"))).map((name) => `client/${name}`),
    ];
    expect(committed.toSorted()).toEqual(names.toSorted());
    for (const name of names) {
      const text = await Bun.file(join(project, "openapi", name)).text();
      expect({ name, text }).toEqual({ name, text: await Bun.file(join(folder, name)).text() });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}, 20_000);

test("the API has the version of the package", () => {
  expect(openapiDocument().info.version).toBe(manifest.version);
});

test("every dependency has an exact version, and the lockfile names no registry", async () => {
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter(([, version]) => !/^(npm:@?[\w/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  const lock = await Bun.file(join(project, "package-lock.json")).text();
  expect(lock).not.toContain('"resolved"');
});

test("the image runs the Bun that the package names", async () => {
  const dockerfile = await Bun.file(join(project, "Dockerfile")).text();
  expect(dockerfile).toContain(`\nFROM oven/bun:${manifest.dependencies.bun}-slim\n`);
});
