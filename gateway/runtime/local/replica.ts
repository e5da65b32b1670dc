import { randomUUID } from "node:crypto";
import type { Events } from "../../observe/events.ts";
import type { Endpoint, ReplicaStatus } from "../runtime.ts";
import { commandOf, type Image } from "./catalogue.ts";
import { replicaEnvironment } from "./environment.ts";
import { freePort } from "./free-port.ts";
import { type Door, guardBefore, ownDoor } from "./guard.ts";
import type { LocalLimits } from "./limits.ts";
import { readLines } from "./lines.ts";
import type { LogRing } from "./log-ring.ts";
import { pause } from "../pause.ts";
import { answers } from "./readiness.ts";
import { endingOf, restartDelayMs } from "../restart.ts";
import { signalGroup } from "./signal-group.ts";

/** What a replica runs. Two with the same `key` are the same. */
export type Template = {
  readonly key: string;
  readonly image: Image;
  readonly environment: Readonly<Record<string, string>>;
  /** A guard stands before each replica, which asks for assertions for this adapter. */
  readonly guard: { readonly adapter: string; readonly jwksFile: string } | undefined;
};

/** What all replicas of a runtime share. */
export type ReplicaHost = {
  readonly owner: string;
  readonly gatewayEnvironment: Readonly<Record<string, string | undefined>>;
  readonly events: Events;
  readonly limits: LocalLimits;
  readonly portsTaken: Set<number>;
  readonly endLeftovers: (replicaId: string) => Promise<void>;
};

type State =
  | { name: "starting" }
  | { name: "ready"; endpoint: Endpoint }
  | { name: "draining"; endpoint: Endpoint | undefined }
  | { name: "waiting" }
  | { name: "gone" };

export type Replica = ReturnType<typeof startReplica>;
const maxReasonLength = 200;
/** After the process has ended: how long its last words may take to arrive. */
const lastWordsMs = 200;

/** Keeps one process running until it is told to stop: starts it again when it ends, every time on a new port as another replica. */
export function startReplica(
  host: ReplicaHost,
  options: {
    name: string;
    instance: number;
    template: Template;
    log: LogRing;
    /** Called synchronously after each change of what `status()` and `endpoint()` say. */
    onChange: () => void;
  },
) {
  const { events, limits } = host;
  const { name, instance, template, log } = options;
  const stopping = new AbortController();
  const hurrying = new AbortController();
  let state: State = { name: "starting" };
  let reason: string | null = null;
  let restarts = 0;
  let launched = false;

  function become(next: State): void {
    state = next;
    options.onChange();
  }

  async function supervise(): Promise<void> {
    let failuresInARow = 0;
    while (!stopping.signal.aborted) {
      const begun = performance.now();
      const run = await runOnce().catch((error: unknown) => ({
        id: "none",
        ending: error instanceof Error ? error.message : String(error),
        lastWords: "",
        readyAtMs: undefined,
      }));
      if (stopping.signal.aborted) break;

      const stable = run.readyAtMs !== undefined && performance.now() - begun - run.readyAtMs >= limits.stableMs;
      failuresInARow = stable ? 1 : failuresInARow + 1;
      const restartInMs = restartDelayMs(failuresInARow, limits);
      reason = run.lastWords === "" ? run.ending : `${run.ending}: ${run.lastWords}`;
      become({ name: "waiting" });
      events.replicaEnded({ replica: name, id: run.id, reason: run.ending, restartInMs });
      await pause(restartInMs, stopping.signal);
      if (stopping.signal.aborted) break;
      restarts += 1;
      become({ name: "starting" });
    }
    become({ name: "gone" });
  }

  /** One process from start to end; when it returns, nothing of it runs any more. */
  async function runOnce() {
    const id = randomUUID();
    const port = await freePort(host.portsTaken);
    const doorPort = template.guard ? await freePort(host.portsTaken) : port;
    try {
      if (stopping.signal.aborted) return { id, ending: "stopped", lastWords: "", readyAtMs: undefined };
      return await runOn(port, doorPort, id);
    } finally {
      host.portsTaken.delete(port);
      host.portsTaken.delete(doorPort);
    }
  }

  async function runOn(port: number, doorPort: number, id: string) {
    const begun = performance.now();
    const ended = new AbortController();
    let lastWords = "";
    let readyAtMs: number | undefined;

    const child = spawn(port, id, ({ exitCode, signalCode }) => {
      ended.abort();
      reason = endingOf({ code: exitCode, signal: signalCode });
      if (state.name === "ready") become({ name: "waiting" });
      else if (state.name === "draining") become({ name: "draining", endpoint: undefined });
    });
    const door = openDoor({ replicaId: id, replicaPort: port, port: doorPort });
    launched = true;
    log.beginRun();
    events.replicaStarted({ replica: name, id, pid: child.pid, port, restarts, ...door.shown });
    options.onChange();
    const output = Promise.all([
      readLines(child.stdout, limits.logLineLength, log.write),
      readLines(child.stderr, limits.logLineLength, (line) => {
        log.write(line);
        if (line.trim() !== "") lastWords = line.trim().slice(0, maxReasonLength);
      }),
    ]);

    const died = AbortSignal.any([ended.signal, door.ended]);
    const over = AbortSignal.any([died, stopping.signal]);
    let ending: string | undefined;
    if ((await answers(port, limits, over)) && (await door.answers(over))) {
      // It may have ended, or been told to stop, while the answer was on its way.
      if (!over.aborted) {
        readyAtMs = performance.now() - begun;
        reason = null;
        become({ name: "ready", endpoint: { id, name, origin: `http://127.0.0.1:${doorPort}`, state: "ready" } });
        events.replicaReady({ replica: name, id, afterMs: Math.round(readyAtMs) });
      }
    } else if (!over.aborted) {
      ending = `did not answer on port ${port} within ${limits.startMs / 1000} s`;
      reason = ending;
      events.replicaNotReady({ replica: name, id, reason: ending });
    }

    if (ending === undefined) {
      await until(over);
      if (!died.aborted) await drain(id, readyAtMs, died);
      else if (!ended.signal.aborted) ending = abandoned();
    }
    await endGroup(child.pid, ended.signal);
    door.close();
    await host.endLeftovers(id);
    await Promise.race([output, pause(lastWordsMs, new AbortController().signal)]);
    if (stopping.signal.aborted) events.replicaStopped({ replica: name, id });
    return { id, ending: ending ?? reason ?? "ended", lastWords, readyAtMs };
  }

  function spawn(port: number, replicaId: string, onExit: (how: ChildEnd) => void) {
    return Bun.spawn({
      cmd: commandOf(template.image, port),
      cwd: template.image.directory,
      env: replicaEnvironment({
        gateway: host.gatewayEnvironment,
        image: template.image.environment,
        declared: template.environment,
        port,
        owner: host.owner,
        replicaId,
        replicaName: name,
      }),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      // A session of its own, so that the whole group can be signalled.
      detached: true,
      onExit: (child) => onExit(child),
    });
  }

  function openDoor(about: { replicaId: string; replicaPort: number; port: number }): Door {
    if (!template.guard) return ownDoor;
    return guardBefore(host, { ...template.guard, ...about, replicaName: name, say: log.write });
  }

  /** It was told to stop: its sessions have some time to end. */
  async function drain(id: string, readyAtMs: number | undefined, died: AbortSignal): Promise<void> {
    if (readyAtMs === undefined) return;
    events.replicaDraining({ replica: name, id });
    await pause(limits.drainMs, AbortSignal.any([died, hurrying.signal]));
  }

  /** Its guard has ended, so that nobody can reach it any more. */
  function abandoned(): string {
    if (state.name === "ready") become({ name: "waiting" });
    return "its guard ended";
  }

  /** Only as long as the leader has not ended: after that, the system may give its id to another program. */
  async function endGroup(pid: number, ended: AbortSignal): Promise<void> {
    for (const [signal, waitMs] of [["SIGTERM", limits.graceMs] as const, ["SIGKILL", limits.graceMs] as const]) {
      if (ended.aborted) return;
      signalGroup(pid, signal);
      await pause(waitMs, ended);
    }
  }

  const over = supervise();

  return {
    name,
    instance,
    template,
    /** Whether it has run, or tried to, so that there can be output. */
    launched: () => launched,
    gone: () => state.name === "gone",
    endpoint: () => (state.name === "ready" || state.name === "draining" ? state.endpoint : undefined),
    status(): ReplicaStatus {
      const shown = state.name === "gone" ? "draining" : state.name;
      return { name, instance, state: shown, restarts, reason: state.name === "ready" ? null : reason };
    },
    /**
     * Draining begins at once; resolves when the process and all that it started are gone. `now` skips the time that a ready
     * replica has to finish with its sessions, also when it is draining already.
     */
    stop(how: "drained" | "now"): Promise<void> {
      if (how === "now") hurrying.abort();
      if (!stopping.signal.aborted) {
        const endpoint: Endpoint | undefined =
          state.name === "ready" ? { ...state.endpoint, state: "draining" } : undefined;
        stopping.abort();
        if (state.name !== "gone") {
          reason = null;
          become({ name: "draining", endpoint });
        }
      }
      return over;
    },
  };
}

type ChildEnd = { readonly exitCode: number | null; readonly signalCode: string | number | null };

function until(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
