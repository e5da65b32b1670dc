import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";

const shownLength = 1_500;

/** One process of the cluster; what it says goes to a file. */
export type ClusterProcess = {
  readonly name: string;
  readonly pid: number;
  ended(): boolean;
  readonly exited: Promise<unknown>;
  signal(signal: NodeJS.Signals): void;
  /** kill -9, and waits for the end. */
  kill(): Promise<void>;
  /** The end of what it said. */
  lastWords(): Promise<string>;
};

/** Starts it so that it ends with this process, however this one ends. */
export function startProcess(name: string, command: readonly string[], logFile: string): ClusterProcess {
  const log = openSync(logFile, "a");
  const child = Bun.spawn([...endsWithParent, ...command], { stdin: "ignore", stdout: log, stderr: log });
  closeSync(log);
  return {
    name,
    pid: child.pid,
    ended: () => child.exitCode !== null || child.signalCode !== null,
    exited: child.exited,
    signal: (signal) => child.kill(signal),
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
    lastWords: async () => (await readFile(logFile, "utf8")).slice(-shownLength).trim(),
  };
}

/** Of util-linux, which every Debian has: the kernel kills the process when the one that started it is gone. */
export const endsWithParent = ["setpriv", "--pdeathsig", "KILL", "--"];
