import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

const sources = join(import.meta.dir, "control-plane");
const minorVersion = "36";
const progressMs = 30_000;
const shownLength = 4_000;

/**
 * Where the program is kept: with the person's other caches, as `npm ci` empties those in node_modules, or in the folder
 * CONTROL_PLANE_CACHE. Its name holds the hash of all it is built from.
 */
export async function cachedProgramPath(): Promise<string> {
  const { CONTROL_PLANE_CACHE, XDG_CACHE_HOME = join(homedir(), ".cache") } = process.env;
  const folder = CONTROL_PLANE_CACHE ?? join(XDG_CACHE_HOME, "mcp-gateway");
  const hash = createHash("sha256");
  for (const name of (await readdir(sources)).toSorted()) hash.update(name).update(await readFile(join(sources, name)));
  return join(resolve(folder), `control-plane-${hash.digest("hex").slice(0, 16)}`);
}

/**
 * Path of the one program that is etcd, the API server, the controllers, the scheduler and kubectl. Builds it unless it is
 * there: minutes and some gigabytes of Go's cache the first time. Throws if Go cannot.
 */
export async function controlPlaneProgram(say: (line: string) => void): Promise<string> {
  const path = await cachedProgramPath();
  if (await exists(path)) return path;

  await mkdir(resolve(path, ".."), { recursive: true });
  const begun = performance.now();
  const kubernetes = await kubernetesVersion();
  say(`building the control plane of Kubernetes ${kubernetes} once; this takes minutes`);
  // Built beside and renamed: a build that is cut short leaves nothing that looks whole, and of two the last one wins.
  const unfinished = `${path}.${process.pid}`;
  try {
    await goBuild(["-ldflags", linkerFlags(kubernetes), "-o", unfinished], say);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  say(`built in ${Math.round((performance.now() - begun) / 1_000)} s: ${path}`);
  return path;
}

/** Without its version an API server takes itself for v0.0.0, and what depends on versions behaves otherwise. */
function linkerFlags(version: string): string {
  const variable = "k8s.io/component-base/version";
  return `-s -w -X ${variable}.gitVersion=${version} -X ${variable}.gitMajor=1 -X ${variable}.gitMinor=${minorVersion}`;
}

async function kubernetesVersion(): Promise<string> {
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(await readFile(join(sources, "go.mod"), "utf8"))?.[1];
  if (version === undefined) throw new Error("go.mod names no version of Kubernetes");
  return version;
}

async function goBuild(options: readonly string[], say: (line: string) => void): Promise<void> {
  // The machine is shared with whatever else the person does meanwhile.
  const child = Bun.spawn(["nice", "-n", "10", "go", "build", "-v", "-trimpath", "-buildvcs=false", ...options, "."], {
    cwd: sources,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const decoder = new TextDecoder();
  let words = "";
  let lines = 0;
  const progress = setInterval(() => say(`still building: ${lines} modules and packages so far`), progressMs);
  for await (const bytes of child.stderr) {
    const text = decoder.decode(bytes, { stream: true });
    lines += text.split("\n").length - 1;
    words = (words + text).slice(-shownLength);
  }
  const code = await child.exited;
  clearInterval(progress);
  if (code !== 0) throw new Error(`go build failed: ${words.trim()}`);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
