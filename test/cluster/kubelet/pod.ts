import { join } from "node:path";
import { pause } from "../../../gateway/runtime/pause.ts";
import { type Api, ApiError } from "../api.ts";
import type { Container, ContainerStatus, Pod, PodStatus } from "../objects.ts";
import { containerOn, type Images, type RunningContainer } from "./container.ts";
import { now } from "./container-process.ts";
import type { Place } from "./environment.ts";
import type { KubeletLimits } from "./limits.ts";
import { podEvents } from "./pod-events.ts";
import { filesOf } from "./sources.ts";
import { isSidecar, podStatusOf } from "./status.ts";
import { podVolumes } from "./volumes.ts";

export type PodHost = {
  readonly api: Api;
  readonly images: Images;
  readonly limits: KubeletLimits;
  readonly nodeIP: string;
  readonly nodeName: string;
  /** Where the volumes of its pods go. */
  readonly directory: string;
};

export type RunningPod = ReturnType<typeof runPod>;

/** Runs a pod's containers, tells the API server how they are, and takes the pod away when its deletion is asked for. */
export function runPod(host: PodHost, first: Pod, podIP: string) {
  const place: Place = { podIP, nodeIP: host.nodeIP, nodeName: host.nodeName };
  const path = `/api/v1/namespaces/${first.metadata.namespace}/pods/${first.metadata.name}`;
  const { uid } = first.metadata;
  const startTime = now();
  const tellOf = podEvents(host.api, first, host.nodeName);
  const stopping = new AbortController();
  const gone = new AbortController();
  const volumes = podVolumes({
    pod: first,
    directory: join(host.directory, uid),
    refreshMs: host.limits.volumeRefreshMs,
    filesOf: (volume) => filesOf(volume, pod, place, host.api),
  });
  let pod = first;
  let published: PodStatus | undefined = first.status;
  let initialized = false;
  let initFailed = false;

  const neverAgain = first.spec.restartPolicy === "Never";
  const inits = (first.spec.initContainers ?? []).map((each) =>
    container(each, isSidecar(first, each.name) ? "Always" : neverAgain ? "Never" : "OnFailure"),
  );
  const apps = first.spec.containers.map((each) => container(each, first.spec.restartPolicy ?? "Always"));
  const sidecars = inits.filter(({ name }) => isSidecar(first, name));

  function container(spec: Container, policy: "Always" | "OnFailure" | "Never"): RunningContainer {
    return containerOn(
      { ...host, place, volumes, tell: tellOf(spec.name), pod: () => pod, onChange: () => void publish() },
      spec,
      policy,
    );
  }

  async function bringUp(): Promise<void> {
    for (const init of inits) {
      init.start();
      if (sidecars.includes(init)) await Promise.race([init.startedOnce, init.over()]);
      else await init.over();
      if (stopping.signal.aborted) return;
      if (!sidecars.includes(init) && !init.succeeded()) {
        initFailed = true;
        break;
      }
    }
    if (!initFailed) {
      initialized = true;
      for (const app of apps) app.start();
      void publish();
      await Promise.all(apps.map((app) => app.over()));
    }
    // All has been done that this pod is for.
    if (!stopping.signal.aborted) await stopSidecars(graceMsOf(pod.spec.terminationGracePeriodSeconds));
    void publish();
  }

  async function stopAll(graceMs: number): Promise<void> {
    const begun = performance.now();
    stopping.abort();
    const plain = inits.filter((each) => !sidecars.includes(each));
    await Promise.all([...apps, ...plain].map((each) => each.stop(graceMs)));
    await stopSidecars(graceMs - (performance.now() - begun));
  }

  /** In reverse, after those they serve. */
  async function stopSidecars(graceMs: number): Promise<void> {
    for (const sidecar of sidecars.toReversed()) await sidecar.stop(Math.max(0, graceMs));
  }

  /** Until the API server has forgotten it: nothing else frees a StatefulSet's name. */
  async function takeAway(graceMs: number): Promise<void> {
    await stopAll(graceMs);
    await publish();
    while (!gone.signal.aborted) {
      try {
        await host.api.delete(path, { gracePeriodSeconds: 0, preconditions: { uid } });
        return;
      } catch (error) {
        if (isGone(error)) return;
      }
      await pause(host.limits.retryMs, gone.signal);
    }
  }

  function status(): PodStatus {
    const facts = {
      initialized,
      inits: inits.map((each): ContainerStatus => {
        const shown = each.status();
        return sidecars.includes(each) ? shown : { ...shown, ready: each.succeeded() };
      }),
      apps: apps.map((app): ContainerStatus => {
        const shown = app.status();
        const early = !initialized && inits.length > 0;
        return early ? { ...shown, state: { waiting: { reason: "PodInitializing" } } } : shown;
      }),
      phase: phase(),
      startTime,
    };
    return podStatusOf(pod, facts, place, published);
  }

  function phase(): NonNullable<PodStatus["phase"]> {
    if (initFailed) return "Failed";
    if (!initialized) return "Pending";
    const allFinished = apps.every((app) => app.finished());
    if (allFinished && (stopping.signal.aborted || first.spec.restartPolicy !== "Always")) {
      if (apps.every((app) => app.succeeded())) return "Succeeded";
      const willRunAgain = first.spec.restartPolicy === "OnFailure" && !stopping.signal.aborted;
      return willRunAgain ? "Running" : "Failed";
    }
    return apps.every((app) => app.hasRun()) ? "Running" : "Pending";
  }

  let wanted = false;
  let publishing: Promise<void> | undefined;
  /** Sends the status as it is now; what changes meanwhile is sent after it. Resolves when nothing is left to send. */
  function publish(): Promise<void> {
    wanted = true;
    publishing ??= send();
    return publishing;
  }

  async function send(): Promise<void> {
    // Changes that belong together come in one turn.
    await Promise.resolve();
    while (wanted && !gone.signal.aborted) {
      wanted = false;
      const next = status();
      try {
        await host.api.patch(`${path}/status`, { metadata: { uid }, status: next });
        published = next;
      } catch (error) {
        if (isGone(error)) gone.abort();
        wanted = true;
        await pause(host.limits.retryMs, gone.signal);
      }
    }
    // In the same turn as the last look at `wanted`, so that nothing is wanted in between.
    publishing = undefined;
  }

  void publish();
  const up = bringUp();
  let takingAway: Promise<void> | undefined;

  return {
    pod: () => pod,
    containers: [...inits, ...apps],
    update(next: Pod): void {
      pod = next;
      if (next.metadata.deletionTimestamp === undefined) return;
      const graceMs = graceMsOf(next.metadata.deletionGracePeriodSeconds);
      takingAway ??= takeAway(graceMs);
    },
    /** Kills what still runs of it: the API server knows no such pod any more, or the kubelet ends. */
    async end(): Promise<void> {
      gone.abort();
      await stopAll(0);
      await up;
      await takingAway;
      await volumes.close();
    },
  };
}

function graceMsOf(seconds = 30): number {
  return seconds * 1_000;
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 409);
}
