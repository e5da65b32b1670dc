import { existsSync, readFileSync } from "node:fs";
import { ownerVariable, replicaVariable } from "../../gateway/runtime/local/environment.ts";
import { processTree } from "../bench/proc.ts";
import type { ReplicaProcess } from "./ledger.ts";

/** The gateway's own processes, and its replicas as the system knows them. */
export type Family = { gateway: number[]; replicas: ReplicaProcess[] };

const guardProgram = "injector/guard/main.ts";

/** All below the gateway's first process, by what their environment says; guards are neither. */
export function familyOf(gatewayPid: number): Family {
  const family: Family = { gateway: [], replicas: [] };
  for (const pid of processTree(gatewayPid)) {
    const name = replicaAt(pid);
    if (name === undefined) family.gateway.push(pid);
    else if (!read(`/proc/${pid}/cmdline`).includes(guardProgram))
      family.replicas.push({ adapter: name.replace(/-\d+$/, ""), name, pid });
  }
  return family;
}

/** Those that live. An id that has another process by now is left alone. */
export function endReplicas(replicas: readonly ReplicaProcess[]): void {
  for (const { pid, name } of replicas) if (replicaAt(pid) === name) process.kill(pid, "SIGKILL");
}

/** The name of the replica that a process is, or whose guard it is. */
function replicaAt(pid: number): string | undefined {
  const { [replicaVariable]: id, [ownerVariable]: owner, HOSTNAME: name } = variablesOf(pid);
  return id === undefined || owner === undefined ? undefined : name;
}

/** Until its parent has taken note of its end. */
export const lives = (pid: number): boolean => existsSync(`/proc/${pid}`);

function variablesOf(pid: number): Record<string, string> {
  const entries = read(`/proc/${pid}/environ`).split("\0");
  return Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

/** Empty for a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
