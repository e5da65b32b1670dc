import * as api from "../../openapi/client/index.ts";
import type { OwnCluster } from "../cluster/cluster.ts";
import type { Pod } from "../cluster/objects.ts";
import type { Client } from "../support/client.ts";
import { until } from "../support/until.ts";
import { kubectl, namespace, podLimitMs } from "./support.ts";

/** A workload as the store has it, and as the cluster runs it: `name image replicas`. */
type Line = string;

/** Waits until what runs is what the records say, all of it and nothing else; gives a line for each. */
export async function whenAgreed(client: Client, cluster: OwnCluster): Promise<Line[]> {
  let last: unknown;
  const look = async () => {
    const [recorded, running] = [await recordedBy(client), await runningIn(cluster)];
    last = { recorded, running };
    return recorded && Bun.deepEquals(expectedFor(recorded), running) && { recorded };
  };
  const agreed = await until("agreement", look, podLimitMs).catch(() => {
    throw new Error(`store and cluster do not agree: ${JSON.stringify(last)}`);
  });
  return agreed.recorded;
}

async function recordedBy(client: Client): Promise<Line[] | undefined> {
  const { data } = await api.listAdapters({ client });
  return data
    ?.map(
      ({ name, imageName, imageVersion, replicaCount }): Line => `${name} ${imageName}:${imageVersion} ${replicaCount}`,
    )
    .toSorted();
}

type Running = { statefulSets: Line[]; services: string[]; pods: string[] };

function expectedFor(recorded: readonly Line[]): Running {
  const parts = recorded.map((line) => line.split(" ") as [name: string, image: string, replicas: string]);
  return {
    statefulSets: [...recorded],
    services: parts.map(([name]) => `${name}-service`),
    pods: parts.flatMap(([name, image, replicas]) =>
      Array.from({ length: Number(replicas) }, (_, instance) => `${name}-${instance} ${image} ready`),
    ),
  };
}

type Item = Pod & { kind: string; spec: { replicas: number; template: { spec: Pod["spec"] } } };

/** Whatever has a workload's label. */
async function runningIn(cluster: OwnCluster): Promise<Running> {
  const printed = await kubectl(cluster, "get", "statefulsets,services,pods", "--selector=adapter/type", "-o=json");
  const { items } = JSON.parse(printed) as { items: Item[] };
  const of = (kind: string) => items.filter((item) => item.kind === kind);
  return {
    statefulSets: of("StatefulSet")
      .map(({ metadata, spec }): Line => `${metadata.name} ${imageIn(spec.template.spec)} ${spec.replicas}`)
      .toSorted(),
    services: of("Service")
      .map(({ metadata }) => metadata.name)
      .toSorted(),
    pods: of("Pod")
      .map((pod) => `${pod.metadata.name} ${imageIn(pod.spec)} ${stateOf(pod)}`)
      .toSorted(),
  };
}

function imageIn(spec: Pod["spec"]): string {
  return spec.containers[0]?.image ?? "none";
}

function stateOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp) return "ending";
  const isReady = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  return isReady ? "ready" : "starting";
}

/** What its holder cannot give back any more: the next gateway would wait for 15 s. */
export async function forgetLease(cluster: OwnCluster): Promise<void> {
  await cluster.api.delete(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/mcp-gateway`);
}
