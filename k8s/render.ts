import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("..", import.meta.url));

/** What is rendered and kept: the file people install from, and what `npm test` reads where there is no kubectl. */
export const rendered = [
  { folder: "k8s/overlays/local", file: "k8s/install.yaml" },
  { folder: "k8s/overlays/cloud", file: "test/k8s/rendered/cloud.yaml" },
  { folder: "test/k8s/everything", file: "test/k8s/rendered/everything.yaml" },
] as const;

/**
 * A folder of this project as kustomize renders it. The program is kubectl or kustomize, with words before its own arguments
 * where it needs some. Throws what it says when it fails.
 */
export async function render(folder: string, program: readonly string[]): Promise<string> {
  const standalone = basename(program.at(-1) ?? "").startsWith("kustomize");
  return await run([...program, standalone ? "build" : "kustomize", folder]);
}

/** As it is kept: with a word on where it comes from, in the project's format. */
async function kept(folder: string, program: readonly string[]): Promise<string> {
  const text = `# Rendered from ${folder} by k8s/render.ts.\n${await render(folder, program)}`;
  return await run([process.execPath, "fmt", "--stdin-filepath", "rendered.yaml"], text);
}

async function run(command: string[], input = ""): Promise<string> {
  const child = Bun.spawn(command, { cwd: project, stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${errors.slice(0, 4000)}`);
  return output;
}

if (import.meta.main) {
  const named = process.argv.slice(2);
  const program = named.length > 0 ? named : ["kubectl"];
  for (const { folder, file } of rendered) await Bun.write(`${project}/${file}`, await kept(folder, program));
}
