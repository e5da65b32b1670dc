import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledImages } from "../../gateway/runtime/images/bundled-images.ts";
import { commandOf, openCatalogue } from "../../gateway/runtime/local/catalogue.ts";
import { ask, openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

async function catalogueOf(content: string, required = true) {
  const directory = await mkdtemp(join(tmpdir(), "catalogue-"));
  const file = join(directory, "images.json");
  await Bun.write(file, content);
  const open = () => openCatalogue({ bundled: bundledImages, file, required });
  return { file, open, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

test("a catalogue that is not as it should be is an error that names the file and the field", async () => {
  const cases: [string, string][] = [
    ['{ "a": { "command": [] } }', "a.command: "],
    ['{ "a": { "command": ["x"], "environment": { "K": 1 } } }', "a.environment.K: "],
    ['{ "a": { "command": ["x"], "environment": { "K=": "1" } } }', "a.environment.K=: "],
    ['{ "a": { "command": ["x"], "ports": 1 } }', "a: "],
    ['{ "A b": { "command": ["x"] } }', "A b: an image name has lowercase letters"],
    ['{ "a": {} }', "a.command: "],
    ["[]", "the file: "],
    ["{", "JSON"],
    ['{ "mcp-proxy": { "command": ["x"] } }', "mcp-proxy: a bundled image has that name"],
  ];
  for (const [content, problem] of cases) {
    await using catalogue = await catalogueOf(content);
    expect(catalogue.open).toThrow(catalogue.file);
    expect(catalogue.open).toThrow(problem);
  }
});

test("a missing catalogue is an empty one, unless it was asked for", () => {
  const file = join(tmpdir(), "no-such-folder/images.json");
  const catalogue = openCatalogue({ bundled: bundledImages, file, required: false });
  expect(Object.keys(catalogue.images()).sort()).toEqual(["mcp-example", "mcp-proxy", "weather-tool"]);
  expect(() => openCatalogue({ bundled: bundledImages, file, required: true })).toThrow(`${file} does not exist`);
});

test("an image added while the gateway runs is found, and one that breaks the file is a refusal", async () => {
  await using bench = await openBench();
  const late = workload({ imageName: "late" });
  expect(bench.runtime.refusal(late)?.detail).toStartWith('Unknown image "late"');
  await Bun.write(join(bench.directory, "images.json"), '{ "late": { "command": ["bun", "late.ts"] } }');
  expect(bench.runtime.refusal(late)).toBeUndefined();
  await Bun.write(join(bench.directory, "images.json"), '{ "late": { "command": "bun late.ts" } }');
  expect(bench.runtime.refusal(late)?.detail).toContain("late.command: ");
});

test("commands run in the catalogue's folder, and {PORT} is the replica's port", async () => {
  await using bench = await openBench({
    images: {
      relative: { command: ["bun", "sub/program.ts", "--listen={PORT}"] },
      "relative-command": { command: ["./sub/program.sh", "{PORT}"] },
    },
  });
  await mkdir(join(bench.directory, "sub"));
  const program = `const [arg = ""] = process.argv.slice(2);
    Bun.serve({ port: Number(arg.replace("--listen=", "")), fetch: () => Response.json([arg, process.cwd()]) });`;
  await Bun.write(join(bench.directory, "sub/program.ts"), program);
  await Bun.write(join(bench.directory, "sub/program.sh"), `#!/bin/sh\nexec ${process.execPath} sub/program.ts "$1"\n`);
  Bun.spawnSync(["chmod", "+x", join(bench.directory, "sub/program.sh")]);

  for (const [imageName, prefix] of [["relative", "--listen="] as const, ["relative-command", ""] as const]) {
    await bench.runtime.apply(workload({ name: imageName, imageName }));
    const [endpoint] = await readyEndpoints(bench.runtime, 1, imageName);
    const port = new URL(endpoint?.origin ?? "").port;
    expect(await ask<string[]>(endpoint, "/")).toEqual([`${prefix}${port}`, bench.directory]);
  }
});

test("bun is the bun that runs the gateway, and reads no .env file", () => {
  const image = { command: ["bun", "a.ts"], environment: {}, description: "", directory: "/images" };
  expect(commandOf(image, 1)).toEqual([process.execPath, "--no-env-file", "a.ts"]);
  expect(commandOf({ ...image, command: ["npx", "{PORT}:{PORT}"] }, 81)).toEqual(["npx", "81:81"]);
  expect(commandOf({ ...image, command: ["bin/x"] }, 1)).toEqual(["/images/bin/x"]);
});
