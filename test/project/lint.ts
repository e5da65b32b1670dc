import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const project = join(import.meta.dir, "../..");
const settings = ["biome.json", "lint", "tsconfig.json", "package.json", ".gitignore"];

/** What the project's linter says about these files (path -> text) in an otherwise empty project, as `path:line rule`, sorted. */
export async function lint(files: Record<string, string>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "lint-"));
  try {
    for (const name of settings) await cp(join(project, name), join(folder, name), { recursive: true });
    await symlink(join(project, "node_modules"), join(folder, "node_modules"));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await Bun.write(join(folder, path), text);
    }
    return await complaints(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Report = { diagnostics: { category: string; location: { path: string; start: { line: number } } }[] };

async function complaints(folder: string): Promise<string[]> {
  const biome = Bun.spawn(
    [process.execPath, "run", "biome", "lint", "--reporter=json", "--max-diagnostics=none", "--error-on-warnings"],
    { cwd: folder, stdout: "pipe", stderr: "pipe" },
  );
  const [report, said] = await Promise.all([biome.stdout.text(), biome.stderr.text()]);
  if (!report.startsWith("{")) throw new Error(`The linter gave no report: ${said}`);
  const { diagnostics } = JSON.parse(report) as Report;
  return diagnostics
    .map(
      ({ category, location }) =>
        `${location.path}:${location.start.line} ${category.slice(category.lastIndexOf("/") + 1)}`,
    )
    .toSorted();
}
