import type { Api } from "../api.ts";
import type { KeyPair } from "../keys.ts";
import type { Pod } from "../objects.ts";
import type { PodAddresses } from "../pod-addresses.ts";
import type { Images, RunningContainer } from "./container.ts";
import { type KubeletLimits, kubeletLimits } from "./limits.ts";
import { startLogServer } from "./log-server.ts";
import { keepHeartbeat, registerNode } from "./node.ts";
import { podChanges } from "./pod-changes.ts";
import { type RunningPod, runPod } from "./pod.ts";

/**
 * A node whose containers are processes of this machine. It does what a kubelet does as far as the API can tell, except: no
 * exec, attach or port-forward; securityContext, resources and image pull policy are ignored; containers see this machine's file
 * system, `volumes.ts` tells what that means for theirs; and 127.0.0.1 is one for all pods.
 */
export type Kubelet = AsyncDisposable & {
  readonly nodeName: string;
  /** The process of a container, the first one of the pod by default; undefined when none runs. */
  pid(namespace: string, pod: string, container?: string): number | undefined;
};

export const nodeName = "node-of-processes";

/** Resolves when the node is registered. What `images` does not name is an image that cannot be pulled. */
export async function startKubelet(options: {
  api: Api;
  images: Images;
  addresses: PodAddresses;
  keys: KeyPair;
  /** PEM file of whom the API server's client certificate is from. */
  authority: string;
  /** Where the volumes of its pods go. */
  directory: string;
  limits?: Partial<KubeletLimits>;
}): Promise<Kubelet> {
  const { api, images, addresses, directory } = options;
  const limits = { ...kubeletLimits, ...options.limits };
  const host = { api, images, limits, nodeIP: addresses.node, nodeName, directory };
  const stopping = new AbortController();
  const podsByUid = new Map<string, RunningPod>();

  function containerOf(namespace: string, name: string, container?: string): RunningContainer | undefined {
    // Of two that had the same name, the newer one.
    const found = [...podsByUid.values()].findLast(({ pod }) => {
      const { metadata } = pod();
      return metadata.namespace === namespace && metadata.name === name;
    });
    const first = found?.pod().spec.containers[0]?.name;
    return found?.containers.find((each) => each.name === (container ?? first));
  }

  function see(pod: Pod): void {
    const { uid } = pod.metadata;
    const over = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (!podsByUid.has(uid) && !over) podsByUid.set(uid, runPod(host, pod, addresses.next()));
    podsByUid.get(uid)?.update(pod);
  }

  function forget(uid: string): void {
    const running = podsByUid.get(uid);
    podsByUid.delete(uid);
    void running?.end();
  }

  function seeAll(pods: readonly Pod[]): void {
    const listed = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const uid of podsByUid.keys()) if (!listed.has(uid)) forget(uid);
    for (const pod of pods) see(pod);
  }

  async function followPods(): Promise<void> {
    for await (const change of podChanges(api, nodeName, limits.retryMs, stopping.signal)) {
      if ("all" in change) seeAll(change.all);
      else if ("seen" in change) see(change.seen);
      else forget(change.gone.metadata.uid);
    }
  }

  const logs = startLogServer({
    hostname: addresses.node,
    keys: options.keys,
    authority: options.authority,
    containerOf,
  });
  try {
    await registerNode(api, { name: nodeName, address: addresses.node, logPort: logs.port });
  } catch (error) {
    await logs[Symbol.asyncDispose]();
    throw error;
  }
  const following = followPods();
  const beating = keepHeartbeat(api, nodeName, limits.heartbeatMs, stopping.signal);

  return {
    nodeName,
    pid: (namespace, pod, container) => containerOf(namespace, pod, container)?.pid(),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all([following, beating]);
      await Promise.all([...podsByUid.values()].map((pod) => pod.end()));
      await logs[Symbol.asyncDispose]();
    },
  };
}
