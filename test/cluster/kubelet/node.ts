import { release } from "node:os";
import { pause } from "../../../gateway/runtime/pause.ts";
import { type Api, ApiError } from "../api.ts";

export type NodeFacts = { readonly name: string; readonly address: string; readonly logPort: number };

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
/** More than any test asks for: what runs here shares this machine's processors anyhow. */
const capacity = { cpu: "64", memory: "256Gi", "ephemeral-storage": "100Gi", pods: "250" };

const nodeInfo = {
  kubeletVersion: "process-kubelet",
  containerRuntimeVersion: "process://1",
  osImage: "processes of this machine",
  operatingSystem: "linux",
  architecture: process.arch === "x64" ? "amd64" : process.arch,
  kernelVersion: release(),
  // Required, and of no meaning here.
  machineID: "",
  systemUUID: "",
  bootID: "",
  kubeProxyVersion: "",
};

/** Makes the Node known, ready for pods. Throws if the API server does not take it. */
export async function registerNode(api: Api, { name, address, logPort }: NodeFacts): Promise<void> {
  const metadata = { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } };
  await createOnce(api, "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata });
  await api.patch(`/api/v1/nodes/${name}/status`, {
    status: {
      capacity,
      allocatable: capacity,
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      nodeInfo,
      daemonEndpoints: { kubeletEndpoint: { Port: logPort } },
      conditions: [readyCondition()],
    },
  });
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec: leaseSpec(name) };
  await createOnce(api, leases, lease);
}

/** Says that the node lives, until the signal; while the API server is away, it tries again. */
export async function keepHeartbeat(api: Api, name: string, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(everyMs, signal);
    if (signal.aborted) return;
    try {
      await api.patch(`${leases}/${name}`, { spec: leaseSpec(name) });
      // A controller that missed it for a while has set the condition to Unknown.
      await api.patch(`/api/v1/nodes/${name}/status`, { status: { conditions: [readyCondition()] } });
    } catch {
      // The next one may get through.
    }
  }
}

async function createOnce(api: Api, path: string, object: object): Promise<void> {
  try {
    await api.create(path, object);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  }
}

function readyCondition(): object {
  const nowText = new Date().toISOString();
  return {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    message: "the process kubelet takes pods",
    lastHeartbeatTime: nowText,
  };
}

function leaseSpec(name: string): object {
  return { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() };
}

/** Leases count microseconds. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
