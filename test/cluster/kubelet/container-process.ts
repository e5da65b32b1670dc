import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import { readLines } from "../../../gateway/runtime/local/lines.ts";
import { pause } from "../../../gateway/runtime/pause.ts";
import type { Ended } from "../objects.ts";
import { endsWithParent } from "../process.ts";
import type { ContainerLog } from "./log.ts";

/** What a container starts. */
export type Command = {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string | undefined;
};

/** One run of a container, as a process group of this machine. */
export type ContainerProcess = {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: string;
  /** Aborts when the process ends. */
  readonly exited: AbortSignal;
  /** Resolves when it has ended and its output is read; whatever else it started has ended too. */
  readonly over: Promise<Ended>;
  /** SIGTERM now, SIGKILL after the grace; a second call can only shorten it. */
  end(graceMs: number): void;
};

/** After the process has ended: how long its last words may take to arrive. */
const lastWordsMs = 200;

/** Throws if there is no such program. */
export function startContainerProcess({ argv, environment, directory }: Command, log: ContainerLog): ContainerProcess {
  const [program = "", ...args] = argv;
  const path = Bun.which(program, { PATH: environment["PATH"] ?? "", ...(directory && { cwd: directory }) });
  if (path === null) throw new Error(`exec: "${program}": executable file not found`);

  const id = `process://${randomUUID()}`;
  const startedAt = now();
  const exited = new AbortController();
  const child = Bun.spawn([...endsWithParent, path, ...args], {
    env: environment,
    cwd: directory ?? "/",
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    // A group of its own, so that all that it starts can be signalled.
    detached: true,
  });
  const output = Promise.all([child.stdout, child.stderr].map((each) => readLines(each, 16_384, log.write)));
  let asked = false;

  async function run(): Promise<Ended> {
    await child.exited;
    exited.abort();
    // A container ends with its first process.
    signalGroup(child.pid, "SIGKILL");
    await Promise.race([output, pause(lastWordsMs, new AbortController().signal)]);
    log.end();
    return endedOf(child.exitCode, child.signalCode as NodeJS.Signals | null, startedAt, id);
  }

  return {
    id,
    pid: child.pid,
    startedAt,
    exited: exited.signal,
    over: run(),
    end(graceMs) {
      if (exited.signal.aborted) return;
      if (!asked && graceMs > 0) signalGroup(child.pid, "SIGTERM");
      asked = true;
      void pause(graceMs, exited.signal).then(() => {
        if (!exited.signal.aborted) signalGroup(child.pid, "SIGKILL");
      });
    },
  };
}

export function endedOf(code: number | null, signal: NodeJS.Signals | null, startedAt: string, id: string): Ended {
  const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  const reason = exitCode === 0 ? "Completed" : "Error";
  return { exitCode, reason, startedAt, finishedAt: now(), containerID: id };
}

export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // None of it is left.
  }
}
