import { podRange, podRangeIsLocal } from "./pod-addresses.ts";
import { controlPlaneProgram } from "./program.ts";

/**
 * `bun test/cluster/isolated.ts COMMAND…` runs a command in a network namespace of its own, where the addresses of pods are
 * local and nothing else can be reached. Root or not, the machine's own routes stay as they are.
 */
const command = process.argv.slice(2);
process.exitCode = await runIsolated(command);

async function runIsolated(args: readonly string[]): Promise<number> {
  // A given cluster lies outside.
  if (process.env["KUBECONFIG"]) return await run(args);
  // What Go downloads, too.
  if (Bun.which("go")) await controlPlaneProgram((line) => console.error(line));
  // Where no namespace may be made, the command itself says what is missing.
  const isolates = !podRangeIsLocal() && Bun.which("unshare") !== null && Bun.spawnSync(isolated(["true"])).success;
  return await run(isolates ? isolated(args) : args);
}

function isolated(args: readonly string[]): string[] {
  const own = process.getuid?.() === 0 ? "--net" : "-Urn";
  const prepare = `ip link set lo up && ip route add local ${podRange} dev lo && exec "$@"`;
  return ["unshare", own, "sh", "-c", prepare, "sh", ...args];
}

async function run(args: readonly string[]): Promise<number> {
  const child = Bun.spawn([...args], { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  await child.exited;
  return child.exitCode ?? 1;
}
