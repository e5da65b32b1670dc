import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { emptyDatabaseFile } from "./gateway/store/empty-database.ts";

const project = import.meta.dir;

/**
 * What is started by its path: by people, by pods, by other programs. Those in one line share their files, and each then loads what
 * any of them needs: of guards and replicas there are many, so they share with nobody.
 */
const programs = [
  [
    "gateway/main.ts",
    "gateway/worker-main.ts",
    "gateway/doctor-main.ts",
    "gateway/store-main.ts",
    "gateway/store/make-empty-database.ts",
  ],
  ["injector/main.ts"],
  ["injector/guard/main.ts"],
  ["gateway/runtime/images/mcp-example.ts"],
  ["gateway/runtime/images/mcp-proxy/mcp-proxy.ts"],
  ["gateway/runtime/images/weather-tool.ts"],
];

/**
 * Makes a folder that needs nothing but Bun: each program under the path that it has here, what it loads in `gateway/`, and the
 * data that is found by its path. Not minified: that saves no memory, and costs the names in stack traces.
 */
export async function build(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const packages = (await Promise.all(programs.map((shared) => bundle(shared, folder)))).flat();
  const scalar = join(project, "node_modules/@scalar/fastify-api-reference");
  await Bun.write(join(folder, "LICENSES-OF-OTHERS"), await licencesOf([...new Set([...packages, scalar])].toSorted()));
  for (const path of ["package.json", "LICENSE", "gateway/store/migrations"]) await lay(join(project, path), path);
  // PGlite looks for its files beside the module that it is in.
  const pglite = dirname(fileURLToPath(import.meta.resolve("@electric-sql/pglite")));
  for (const name of ["pglite.wasm", "pglite.data", "initdb.wasm"]) await lay(join(pglite, name), `gateway/${name}`);
  await lay(emptyDatabaseFile, "node_modules/.cache/mcp-gateway/empty-database.tar.zst");
  const script = await Bun.$`${process.execPath} ${project}/gateway/docs/scalar-bundle.ts`.quiet();
  await Bun.write(join(folder, "gateway/docs/scalar.js.gz"), script.bytes());

  async function lay(from: string, path: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(from, join(folder, path), { recursive: true });
  }
}

/** Gives the folders of the packages that went in. */
async function bundle(paths: readonly string[], folder: string): Promise<string[]> {
  const { metafile } = await Bun.build({
    entrypoints: paths.map((path) => join(project, path)),
    root: project,
    outdir: folder,
    target: "bun",
    splitting: true,
    metafile: true,
    naming: { entry: "[dir]/[name].ts", chunk: "gateway/[name]-[hash].js" },
  });
  const inputs = Object.keys(metafile?.inputs ?? {});
  return inputs.flatMap((path) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
}

async function licencesOf(packages: readonly string[]): Promise<string> {
  const texts = packages.map(async (folder) => {
    const files = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice)/i.test(name));
    const written = await Promise.all(files.map((name) => Bun.file(join(folder, name)).text()));
    const { name, version, license } = await Bun.file(join(folder, "package.json")).json();
    return [`${name} ${version} (${license})`, ...written].join("\n\n");
  });
  return (await Promise.all(texts)).join(`\n\n${"-".repeat(80)}\n\n`);
}

if (import.meta.main) await build(process.argv[2] ?? join(project, "dist"));
