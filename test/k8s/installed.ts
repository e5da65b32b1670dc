import { fileURLToPath } from "node:url";
import { type Cluster, startCluster } from "../cluster/cluster.ts";
import type { Kubectl } from "../cluster/kubectl.ts";
import { type Manifest, manifestsIn } from "./manifests.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** What stands around the gateway, as opposed to what runs: enough to ask a cluster what would be allowed. */
const surroundings = [
  "Namespace",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ClusterRole",
  "ClusterRoleBinding",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
];

export type Installed = AsyncDisposable & {
  /** Whatever comes of it. */
  readonly ask: Kubectl;
  /** Gives what kubectl prints; throws what it says when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<{ stdout: string; stderr: string }>;
  /** The words of its refusal; undefined when it is allowed. Nothing is made either way. */
  refusalOf(object: object): Promise<string | undefined>;
  rendered(folder: string): Promise<Manifest[]>;
};

/** A cluster in which the gateway has its namespace and its rights. Throws when the cluster has that namespace already. */
export async function install(): Promise<Installed> {
  await using opening = new AsyncDisposableStack();
  const cluster = opening.use(await startCluster({ images: {} }));
  await kubectl(["create", "namespace", "adapter"]);
  // Of a cluster that somebody else keeps, nothing is left changed.
  if (cluster.origin === "given") opening.defer(() => remove(cluster));
  const objects = (await rendered("k8s/overlays/local")).filter(({ kind }) => surroundings.includes(kind));
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], asList(objects));
  const opened = opening.move();
  return { ask: cluster.kubectl, kubectl, refusalOf, rendered, [Symbol.asyncDispose]: () => opened.disposeAsync() };

  async function kubectl(args: readonly string[], input?: string) {
    const { exitCode, stdout, stderr } = await cluster.kubectl(args, input);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr.slice(0, 4000)}`);
    return { stdout, stderr };
  }

  async function refusalOf(object: object): Promise<string | undefined> {
    const { exitCode, stderr } = await cluster.kubectl(
      ["create", "--dry-run=server", "-f", "-"],
      JSON.stringify(object),
    );
    return exitCode === 0 ? undefined : stderr;
  }

  async function rendered(folder: string): Promise<Manifest[]> {
    return manifestsIn((await kubectl(["kustomize", `${project}/${folder}`])).stdout);
  }
}

async function remove({ kubectl }: Cluster): Promise<void> {
  await kubectl(["delete", "namespace", "adapter"]);
  const policies = "validatingadmissionpolicy,validatingadmissionpolicybinding";
  await kubectl(["delete", policies, "mcp-gateway-workload-limits", "mcp-gateway-guards"]);
  await kubectl(["delete", "clusterrole,clusterrolebinding", "mcp-gateway-injector"]);
}

export function asList(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
