import { closeSync, openSync, readFileSync } from "node:fs";

export type Cores = { proxy: string; rest: string };

export type ChildPlan = {
  name: string;
  command: readonly string[];
  /** In the form taskset takes: `0` or `1,2,3`. */
  cores: string;
  /** Where its output goes, as `{name}.log`. */
  folder: string;
  environment?: Record<string, string>;
  /** Opens a channel for messages. */
  onMessage?: (message: unknown) => void;
};

export type Child = AsyncDisposable & {
  pid: number;
  send(message: unknown): void;
  /** Settles when it has ended; rejects if that was not asked for, with the last lines it wrote. */
  ended: Promise<void>;
};

/** Starts a process on the given cores. It is told to stop when disposed, and by the kernel should the bench be killed. */
export function startChild(plan: ChildPlan): Child {
  const log = `${plan.folder}/${plan.name}.log`;
  const output = openSync(log, "a");
  const onMessage = plan.onMessage;
  // A session of its own: Ctrl-C reaches the bench alone, which then stops everything in order.
  const process_ = Bun.spawn(["setpriv", "--pdeathsig", "TERM", "taskset", "-c", plan.cores, ...plan.command], {
    env: { ...process.env, ...plan.environment },
    stdio: ["ignore", output, output],
    detached: true,
    ...(onMessage && { ipc: (message: unknown) => onMessage(message) }),
  });
  closeSync(output);
  let stopping = false;
  const ended = process_.exited.then((code) => {
    if (!stopping)
      throw new Error(`${plan.name} ended by itself (${code}):\n${readFileSync(log, "utf8").slice(-2000)}`);
  });
  // Whoever waits for it hears of it; nobody has to wait.
  ended.catch(() => {});
  return {
    pid: process_.pid,
    send: (message) => process_.send(message),
    ended,
    async [Symbol.asyncDispose]() {
      stopping = true;
      process_.kill("SIGTERM");
      const kill = setTimeout(() => process_.kill("SIGKILL"), stopTimeoutMs);
      await process_.exited;
      clearTimeout(kill);
    },
  };
}

const stopTimeoutMs = 10_000;
