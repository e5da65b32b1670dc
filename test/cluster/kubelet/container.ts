import { pause } from "../../../gateway/runtime/pause.ts";
import type { Api } from "../api.ts";
import type { Container, ContainerState, ContainerStatus, Ended, Pod, RestartPolicy } from "../objects.ts";
import { type Command, type ContainerProcess, endedOf, now, startContainerProcess } from "./container-process.ts";
import { EnvironmentError, environmentOf, expand, type Place } from "./environment.ts";
import type { KubeletLimits } from "./limits.ts";
import { type ContainerLog, containerLog } from "./log.ts";
import type { TellEvent } from "./pod-events.ts";
import { answersHttp, askAt, verdicts } from "./probe.ts";
import type { PodVolumes, Rewrite } from "./volumes.ts";

/** What an image's name stands for: the program its container would start, and its first arguments. */
export type Images = Readonly<Record<string, readonly string[]>>;

export type ContainerHost = {
  readonly api: Api;
  readonly images: Images;
  readonly limits: KubeletLimits;
  readonly place: Place;
  readonly volumes: PodVolumes;
  /** As it is now. */
  readonly pod: () => Pod;
  /** Called after each change of what `status()` says. */
  readonly onChange: () => void;
  readonly tell: TellEvent;
};

export type RunningContainer = ReturnType<typeof containerOn>;

/** A container that runs again and again as its policy says, from `start()` to `stop()`. */
export function containerOn(host: ContainerHost, container: Container, policy: RestartPolicy) {
  const { limits, place } = host;
  const stopping = new AbortController();
  const startedOnce = Promise.withResolvers<void>();
  let state: ContainerState = waiting("ContainerCreating");
  let lastEnded: Ended | undefined;
  let restartCount = 0;
  let started = false;
  let ready = false;
  let rewrite: Rewrite = (text) => text;
  let command: Command | undefined;
  let current: ContainerProcess | undefined;
  const logs: { now?: ContainerLog; before?: ContainerLog } = {};
  let over = Promise.resolve();

  function become(next: ContainerState): void {
    state = next;
    host.onChange();
  }

  /** A reason that stays is told once. */
  function cannotStart({ reason, message }: Waiting): void {
    const known = "waiting" in state && state.waiting.reason === reason;
    become({ waiting: { reason, message } });
    if (!known) host.tell("Warning", reason === "ImagePullBackOff" ? "BackOff" : "Failed", message);
  }

  async function supervise(): Promise<void> {
    let failuresInARow = 0;
    for (;;) {
      command = await prepare();
      if (command === undefined) return;
      const begun = performance.now();
      const ended = await runOnce(command);
      const failed = ended.exitCode !== 0;
      become({ terminated: ended });
      if (stopping.signal.aborted || policy === "Never" || (policy === "OnFailure" && !failed)) return;

      failuresInARow = performance.now() - begun >= limits.stableMs ? 1 : failuresInARow + 1;
      if (failuresInARow > 1) await backOff(failuresInARow - 1, ended);
      if (stopping.signal.aborted) return;
      lastEnded = ended;
      restartCount += 1;
    }
  }

  async function backOff(failuresInARow: number, ended: Ended): Promise<void> {
    lastEnded = ended;
    const delayMs = Math.min(limits.backOffFirstMs * 2 ** (failuresInARow - 1), limits.backOffCapMs);
    const message = `back-off ${delayMs / 1_000}s restarting failed container=${container.name}`;
    become(waiting("CrashLoopBackOff", message));
    host.tell("Warning", "BackOff", message);
    await pause(delayMs, stopping.signal);
  }

  /** Waits until image and variables are there; undefined when it was stopped before. */
  async function prepare(): Promise<Command | undefined> {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      const image = host.images[container.image];
      if (image === undefined) cannotStart(missingImage(container.image, attempt));
      else {
        try {
          return await commandOf(image);
        } catch (error) {
          // Whatever else it is, such as an API server that is away, passes.
          if (error instanceof EnvironmentError) {
            cannotStart({ reason: "CreateContainerConfigError", message: error.message });
          }
        }
      }
      await pause(limits.retryMs, stopping.signal);
    }
    return undefined;
  }

  async function commandOf(image: readonly string[]): Promise<Command> {
    const declared = await environmentOf(container, host.pod(), place, host.api);
    const argv = [...(container.command ?? image), ...(container.args ?? [])].map((each) => expand(each, declared));
    rewrite = await host.volumes.mount(container, [...Object.values(declared), ...argv, container.workingDir ?? ""]);
    const environment = Object.fromEntries(Object.entries(declared).map(([name, value]) => [name, rewrite(value)]));
    return { argv: argv.map(rewrite), environment, directory: container.workingDir && rewrite(container.workingDir) };
  }

  async function runOnce(command: Command): Promise<Ended> {
    if (logs.now) logs.before = logs.now;
    logs.now = containerLog();
    try {
      current = startContainerProcess(command, logs.now);
    } catch (error) {
      logs.now.end();
      const message = error instanceof Error ? error.message : String(error);
      return { ...endedOf(128, null, now(), "process://none"), reason: "StartError", message };
    }
    const run = current;
    // Stopped while it was being started.
    if (stopping.signal.aborted) run.end(0);
    become({ running: { startedAt: run.startedAt } });
    host.tell("Normal", "Started", `Container ${container.name} started`);
    await Promise.all([run.over, watchHealth(run, command)]);
    [started, ready, current] = [false, false, undefined];
    return await run.over;
  }

  async function watchHealth(run: ContainerProcess, command: Command): Promise<void> {
    const ask = askAt(container, place.podIP, (argv, signal) => execute(command, argv.map(rewrite), signal));
    const untilStopped = AbortSignal.any([run.exited, stopping.signal]);
    if (!(await comesUp()) || run.exited.aborted) return;
    started = true;
    startedOnce.resolve();
    ready = container.readinessProbe === undefined;
    host.onChange();
    await Promise.all([watchReadiness(), watchLiveness()]);

    async function comesUp(): Promise<boolean> {
      if (!container.startupProbe) return true;
      for await (const well of verdicts(container.startupProbe, ask, untilStopped)) {
        if (!well) unhealthy(run, "Startup", container.startupProbe);
        return well;
      }
      return false;
    }

    /** Goes on while it is being stopped: it may serve what it has. */
    async function watchReadiness(): Promise<void> {
      if (!container.readinessProbe) return;
      for await (const well of verdicts(container.readinessProbe, ask, run.exited)) {
        ready = well;
        if (!well) host.tell("Warning", "Unhealthy", "Readiness probe failed");
        host.onChange();
      }
    }

    async function watchLiveness(): Promise<void> {
      if (!container.livenessProbe) return;
      for await (const well of verdicts(container.livenessProbe, ask, untilStopped)) {
        if (!well) return unhealthy(run, "Liveness", container.livenessProbe);
      }
    }
  }

  function unhealthy(run: ContainerProcess, kind: string, probe: { terminationGracePeriodSeconds?: number }): void {
    host.tell("Warning", "Unhealthy", `${kind} probe failed`);
    host.tell("Normal", "Killing", `Container ${container.name} failed its probe and will be restarted`);
    const seconds = probe.terminationGracePeriodSeconds ?? host.pod().spec.terminationGracePeriodSeconds ?? 30;
    run.end(seconds * 1_000);
  }

  async function beforeStop(graceMs: number): Promise<void> {
    const hook = container.lifecycle?.preStop;
    if (!hook || !current || !command) return;
    const limit = AbortSignal.any([current.exited, AbortSignal.timeout(Math.max(1, graceMs))]);
    try {
      if (hook.sleep) await pause(hook.sleep.seconds * 1_000, limit);
      if (hook.httpGet) await answersHttp(hook.httpGet, container, place.podIP, limit);
      if (hook.exec) await execute(command, hook.exec.command.map(rewrite), limit);
    } catch {
      // A hook that fails does not keep a container from being stopped.
    }
  }

  return {
    name: container.name,
    /** Resolves when it has started for the first time: its startup probe, if it has one, has passed. */
    startedOnce: startedOnce.promise,
    start(): void {
      over = supervise();
    },
    /** Resolves when it will not run again. */
    over: () => over,
    succeeded: () => "terminated" in state && state.terminated.exitCode === 0,
    finished: () => "terminated" in state && current === undefined,
    hasRun: () => current !== undefined || restartCount > 0 || lastEnded !== undefined || "terminated" in state,
    pid: () => current?.pid,
    log: (previous: boolean) => (previous ? logs.before : logs.now),
    /** With its hook first; grace 0 kills at once, also one that is being stopped. */
    async stop(graceMs: number): Promise<void> {
      const first = !stopping.signal.aborted;
      stopping.abort();
      const begun = performance.now();
      if (first && graceMs > 0) await beforeStop(graceMs);
      current?.end(Math.max(0, graceMs - (performance.now() - begun)));
      await over;
    },
    status(): ContainerStatus {
      const containerID =
        current?.id ?? ("terminated" in state ? state.terminated.containerID : lastEnded?.containerID);
      return {
        name: container.name,
        image: container.image,
        imageID: container.image,
        ...(containerID !== undefined && { containerID }),
        ready,
        started,
        restartCount,
        state,
        lastState: lastEnded === undefined ? {} : { terminated: lastEnded },
      };
    },
  };
}

function waiting(reason: string, message?: string): ContainerState {
  return { waiting: { reason, ...(message !== undefined && { message }) } };
}

type Waiting = { readonly reason: string; readonly message: string };

function missingImage(image: string, attempt: number): Waiting {
  const why = `failed to pull image "${image}": not found`;
  if (attempt === 0) return { reason: "ErrImagePull", message: why };
  return { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ErrImagePull: ${why}` };
}

async function execute(command: Command, argv: readonly string[], signal: AbortSignal): Promise<number> {
  const child = Bun.spawn([...argv], {
    env: command.environment,
    cwd: command.directory ?? "/",
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    signal,
    killSignal: "SIGKILL",
  });
  return await child.exited;
}
