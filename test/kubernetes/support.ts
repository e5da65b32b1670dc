import { afterAll, beforeAll, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { bundledImages } from "../../gateway/runtime/images/bundled-images.ts";
import * as api from "../../openapi/client/index.ts";
import { clusterAvailable, type OwnCluster, startCluster } from "../cluster/cluster.ts";
import type { KubeletLimits } from "../cluster/kubelet/limits.ts";
import type { Pod } from "../cluster/objects.ts";
import type { Client } from "../support/client.ts";
import { type McpSession, openMcpSession } from "../support/mcp-session.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/process.ts";
import { until } from "../support/until.ts";

/** How long pods, and whatever waits for them, may take. */
export const podLimitMs = 30_000;
/** Of workloads and of the gateways' Lease. */
export const namespace = "adapter";

const bundled = (name: string) => [process.execPath, ...(bundledImages[name]?.command.slice(1) ?? [])];
const heldCall = [process.execPath, `${import.meta.dir}/programs/held-call.ts`];
const project = fileURLToPath(new URL("../..", import.meta.url));
/** The gateway's own image: Bun in its folder, which program is the argument. */
export const gatewayImage = "mcp-gateway:1";
const inFolder = ["sh", "-c", `cd ${project} && exec ${process.execPath} "$@"`, "sh"];
const images = {
  [gatewayImage]: inFolder,
  // As k8s/install.yaml has it.
  "localhost:5000/mcp-gateway:0.1.0": inFolder,
  "mcp-example:1": bundled("mcp-example"),
  "mcp-example:2": bundled("mcp-example"),
  "weather-tool:1": bundled("weather-tool"),
  "held-call:1": heldCall,
};

/** One cluster for all tests of a file, with the namespace of the workloads. Says so where there is none. */
export async function clusterOfFile(what: string, kubeletLimits: Partial<KubeletLimits> = {}) {
  const available = await clusterAvailable();
  const isSkipped = available.state === "missing" || Boolean(process.env["KUBECONFIG"]);
  if (isSkipped) {
    const why = available.state === "missing" ? available.why : "KUBECONFIG names another";
    console.error(`SKIPPED: ${what} on a cluster of processes: ${why}`);
  }
  let cluster: OwnCluster | undefined;
  beforeAll(async () => {
    if (isSkipped) return;
    const started = await startCluster({ images, kubeletLimits });
    if (started.origin !== "own") throw new Error("no cluster of its own");
    cluster = started;
    await makeNamespace(started);
  }, 3_600_000);
  afterAll(async () => await cluster?.[Symbol.asyncDispose](), 60_000);
  return { clusterTest: test.skipIf(isSkipped), cluster: () => cluster as OwnCluster };
}

async function makeNamespace(cluster: OwnCluster): Promise<void> {
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await cluster.api.create("/api/v1/namespaces", object);
  // No pod is admitted before it is there.
  await until("its service account", () =>
    cluster.api.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`).catch(() => undefined),
  );
}

/** A gateway as a process that manages this cluster. */
export function startGatewayOn(
  cluster: Pick<OwnCluster, "kubeconfig">,
  directory: string,
  environment: Record<string, string> = {},
): Promise<GatewayProcess> {
  const { kubeconfig: KUBECONFIG } = cluster;
  const inCluster = { RUNTIME: "kubernetes", KUBECONFIG, POD_NAME: "gateway-0", GUARD_IMAGE: gatewayImage };
  return startGatewayProcess(directory, { ...inCluster, ...environment });
}

type AdapterBody = Parameters<typeof api.createAdapter>[0]["body"];

/** What a caller writes. Pods that have to go are given little time: whatever ends late ends the same. */
export function adapterOf(name: string, changes: Partial<AdapterBody> = {}): AdapterBody {
  const pod = { terminationGracePeriodSeconds: 5 };
  return { name, imageName: "mcp-example", imageVersion: "1", pod, ...changes };
}

/** Creates it over REST; throws with the answer when it is refused. */
export async function register(client: Client, body: AdapterBody): Promise<void> {
  const { response, error } = await api.createAdapter({ client, body });
  if (response?.status !== 201) throw new Error(`create: ${response?.status} ${JSON.stringify(error)}`);
}

export async function change(client: Client, body: AdapterBody): Promise<void> {
  const { response, error } = await api.updateAdapter({ client, path: { name: body.name }, body });
  if (response?.status !== 200) throw new Error(`update: ${response?.status} ${JSON.stringify(error)}`);
}

export async function statusOf(client: Client, name: string) {
  return (await api.getAdapterStatus({ client, path: { name } })).data;
}

/** The status of an adapter whose replicas are all there, ready, and run the latest settings. */
export async function whenReady(client: Client, name: string, replicas: number, limitMs = podLimitMs) {
  let last: unknown;
  const look = async () => {
    const status = await statusOf(client, name);
    last = status;
    const isReady = status?.conditions.some((each) => each.type === "Ready" && each.status === "True");
    return isReady && status?.readyReplicas === replicas && status.replicas.length === replicas && status;
  };
  return await until(`${name} is ready`, look, limitMs).catch(() => {
    throw new Error(`${name} is not ready: ${JSON.stringify(last)}`);
  });
}

/** `kubectl` in the namespace; throws with its words when it fails. */
export async function kubectl(cluster: OwnCluster, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl([...args, "--namespace", namespace]);
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** What of workloads is in the namespace, as kubectl prints it: `statefulset.apps/x`, and so on. */
export async function namesInCluster(cluster: OwnCluster): Promise<string[]> {
  const printed = await kubectl(cluster, "get", "statefulsets,services,pods", "--selector=adapter/type", "-o=name");
  return printed.split("\n").filter(Boolean);
}

export async function podsOf(cluster: OwnCluster, workload: string): Promise<Pod[]> {
  const selector = encodeURIComponent(`adapter/name=${workload}`);
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`;
  return (await cluster.api.get<{ items: Pod[] }>(path)).items;
}

/** The process of a replica. */
export function pidOf(cluster: OwnCluster, replica: string): number {
  const pid = cluster.kubelet.pid(namespace, replica);
  if (pid === undefined) throw new Error(`${replica} does not run`);
  return pid;
}

/** A session that knows where it lives. */
export type Homed = { readonly session: McpSession; readonly replica: string };

export async function openSessions(url: URL, count: number): Promise<Homed[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const session = await openMcpSession(url, "dev");
      return { session, replica: (await session.call("whoami"))["replica"] as string };
    }),
  );
}
