import { afterAll, beforeAll, test } from "bun:test";
import pino from "pino";
import { eventsTo } from "../../../gateway/observe/events.ts";
import { bundledImages } from "../../../gateway/runtime/images/bundled-images.ts";
import { type KubeClient, kubeClient } from "../../../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import type { ReflectorLimits } from "../../../gateway/runtime/kubernetes/api/limits.ts";
import { kubernetesRuntime } from "../../../gateway/runtime/kubernetes/kubernetes-runtime.ts";
import type { Endpoint, Runtime, Workload, WorkloadStatus } from "../../../gateway/runtime/runtime.ts";
import { clusterAvailable, type OwnCluster, startCluster } from "../../cluster/cluster.ts";
import type { KubectlAnswer } from "../../cluster/kubectl.ts";
import { until } from "../../support/until.ts";
import { serverProgram } from "../support.ts";

/** How long pods may take for whatever they have to do. */
export const podLimitMs = 30_000;

const images = {
  "server:1": [process.execPath, serverProgram],
  "server:2": [process.execPath, serverProgram],
  "mcp-example:1.0.0": [process.execPath, ...(bundledImages["mcp-example"]?.command.slice(1) ?? [])],
};

/** A whole object, as the API server shows it. */
export type Shown = {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: Record<string, unknown>;
};

/** A namespace with a runtime of its own. */
export type KubernetesBench = AsyncDisposable & {
  readonly runtime: Runtime;
  readonly namespace: string;
  readonly cluster: OwnCluster;
  readonly logged: () => string;
  /** In this namespace. Throws with its words when it fails. */
  kubectl(...args: string[]): Promise<string>;
  tryKubectl(args: readonly string[], input?: string): Promise<KubectlAnswer>;
  /** `kubectl apply` of objects that are somebody else's. */
  put(...objects: object[]): Promise<void>;
  putSecret(name: string, key: string, value: string): Promise<void>;
  /** The object with all its managed fields; undefined when there is none. */
  show(kind: "StatefulSet" | "Service" | "Pod", name: string): Promise<Shown | undefined>;
};

const paths = {
  StatefulSet: ["apis/apps/v1", "statefulsets"],
  Service: ["api/v1", "services"],
  Pod: ["api/v1", "pods"],
};

/** One cluster for all tests of a file; each opens a namespace in it. */
export function clusterOfFile(what: string) {
  let cluster: OwnCluster;
  let isSkipped = true;
  return {
    async prepare() {
      const available = await clusterAvailable();
      isSkipped = available.state === "missing" || Boolean(process.env["KUBECONFIG"]);
      if (isSkipped) {
        const why = available.state === "missing" ? available.why : "KUBECONFIG names another";
        console.error(`SKIPPED: ${what} on a cluster of processes: ${why}`);
      }
      beforeAll(async () => {
        if (isSkipped) return;
        const started = await startCluster({ images });
        if (started.origin !== "own") throw new Error("no cluster of its own");
        cluster = started;
      }, 3_600_000);
      afterAll(async () => await cluster?.[Symbol.asyncDispose](), 60_000);
      return { isSkipped, clusterTest: test.skipIf(isSkipped) };
    },
    cluster: () => cluster,
    open: (options: OpenOptions = {}) => openBench(cluster, options),
  };
}

export type OpenOptions = {
  readonly client?: KubeClient;
  readonly reflectorLimits?: ReflectorLimits;
  readonly gatewayName?: string;
  /** One that is there already, or never shall be. */
  readonly namespace?: string;
};

let namespaces = 0;

async function openBench(cluster: OwnCluster, options: OpenOptions): Promise<KubernetesBench> {
  const namespace = options.namespace ?? (await newNamespace(cluster));
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const client = options.client ?? kubeClient(await loadCluster({ kubeconfig: cluster.kubeconfig }));
  const { gatewayName = "mcp-gateway" } = options;
  const runtime = await kubernetesRuntime({
    client,
    settings: { namespace, registry: "", gatewayName, serviceAccount: "workload-sa", guard: undefined },
    instance: "gateway-under-test",
    now: Date.now,
    events: eventsTo(log),
    ...(options.reflectorLimits && { limits: options.reflectorLimits }),
  });
  const tryKubectl = (args: readonly string[], input?: string) =>
    cluster.kubectl([...args, "--namespace", namespace], input);

  async function run(args: readonly string[], input?: string): Promise<string> {
    const { exitCode, stdout, stderr } = await tryKubectl(args, input);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  return {
    runtime,
    namespace,
    cluster,
    logged: () => lines.join(""),
    kubectl: (...args) => run(args),
    tryKubectl,
    async put(...items) {
      await run(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    },
    async putSecret(name, key, value) {
      await cluster.api.create(`/api/v1/namespaces/${namespace}/secrets`, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name },
        stringData: { [key]: value },
      });
    },
    async show(kind, name) {
      const [group, plural] = paths[kind];
      const path = `/${group}/namespaces/${namespace}/${plural}/${name}`;
      return await cluster.api.get<Shown>(path).catch((error: { status?: number }) => {
        if (error.status === 404) return undefined;
        throw error;
      });
    },
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
      // Nobody waits for it: only its pods' programs shall not run on beside those of the next test.
      if (options.namespace === undefined) {
        await cluster.api.delete(`/api/v1/namespaces/${namespace}`).catch(() => undefined);
      }
    },
  };
}

/** Pods are admitted when its service account is there. */
export async function newNamespace(cluster: OwnCluster): Promise<string> {
  namespaces += 1;
  const namespace = `ns-${namespaces}`;
  await cluster.api.create("/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  await until(`the service account of ${namespace}`, () =>
    cluster.api.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`).catch(() => undefined),
  );
  return namespace;
}

export async function readyEndpoints(runtime: Runtime, count: number, name = "weather"): Promise<readonly Endpoint[]> {
  return await until(
    `${count} endpoints of ${name}`,
    () => {
      const now = runtime.endpoints.of(name);
      return now.length === count && now.every(({ state }) => state === "ready") && now;
    },
    podLimitMs,
  );
}

/** The status about which this holds; says what it was instead when that does not come. */
export async function statusThat(
  runtime: Runtime,
  wanted: Workload,
  holds: (status: WorkloadStatus) => boolean,
): Promise<WorkloadStatus> {
  let last: WorkloadStatus | undefined;
  const look = async () => {
    last = await runtime.status(wanted);
    return last && holds(last) && last;
  };
  return await until("the status", look, podLimitMs).catch(() => {
    throw new Error(`the status is still ${JSON.stringify(last)}`);
  });
}

/** A client whose watches tell nothing, and do not open, while they are held. */
export function lateWatches(client: KubeClient) {
  let held = Promise.withResolvers<void>();
  held.resolve();
  return {
    ...client,
    hold: () => {
      held = Promise.withResolvers();
    },
    release: () => held.resolve(),
    watch: (async (resource, where) => {
      await held.promise;
      const answer = await client.watch(resource, where);
      if (answer.state !== "ok") return answer;
      const late = new TransformStream<Uint8Array, Uint8Array>({
        async transform(chunk, controller) {
          await held.promise;
          controller.enqueue(chunk);
        },
      });
      return { state: "ok", object: answer.object.pipeThrough(late) };
    }) as KubeClient["watch"],
  };
}
