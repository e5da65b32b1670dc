import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { existsSync } from "node:fs";
import type { Api } from "./api.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { type Kubectl, kubectlOf } from "./kubectl.ts";
import { makeKeys } from "./keys.ts";
import type { Images } from "./kubelet/container.ts";
import { type Kubelet, startKubelet } from "./kubelet/kubelet.ts";
import type { KubeletLimits } from "./kubelet/limits.ts";
import { claimPodAddresses, podRange, podRangeIsLocal } from "./pod-addresses.ts";
import { cachedProgramPath, controlPlaneProgram } from "./program.ts";

/** A cluster that somebody else keeps: it can be used, not controlled. */
export type GivenCluster = AsyncDisposable & {
  readonly origin: "given";
  /** Path of the file. */
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
};

/** A cluster of processes on this machine, made for one test run. */
export type OwnCluster = AsyncDisposable & {
  readonly origin: "own";
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  /** URL of the API server. */
  readonly server: string;
  /** Speaks as the administrator. */
  readonly api: Api;
  readonly kubelet: Kubelet;
  /** What the control plane consists of, for those who measure it. */
  readonly processes: ControlPlane["processes"];
  /** kill -9: connections break at once. */
  killApiServer(): Promise<void>;
  /** After a kill: same port, same data. Resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Stops answering while connections stay open, as behind a network that drops everything. */
  freezeApiServer(): void;
  thawApiServer(): void;
  /**
   * Makes every resourceVersion so far too old to watch from (410). The API server is restarted for it: it answers from its watch
   * cache what etcd has long forgotten.
   */
  compact(): Promise<void>;
};

export type Cluster = GivenCluster | OwnCluster;
export type ClusterAvailability = { state: "ready" } | { state: "missing"; why: string };

const defaultNodeGraceSeconds = 40;

/** Whether `startCluster` can work here, and why not: a suite that is skipped says so. */
export async function clusterAvailable(): Promise<ClusterAvailability> {
  if (process.env["KUBECONFIG"]) return { state: "ready" };
  const why = await whatIsMissing();
  return why === undefined ? { state: "ready" } : { state: "missing", why };
}

async function whatIsMissing(): Promise<string | undefined> {
  if (process.platform !== "linux") return "the cluster of processes needs Linux; or set KUBECONFIG";
  const tools = ["openssl", "setpriv", "ip"].filter((tool) => Bun.which(tool) === null);
  if (tools.length > 0) return `not installed: ${tools.join(", ")}`;
  if (!podRangeIsLocal()) {
    return `${podRange} is not local here: run it by \`bun test/cluster/isolated.ts COMMAND\`, in a network of its own`;
  }
  if (Bun.which("go") === null && !existsSync(await cachedProgramPath())) {
    return "Go is not installed, which builds the control plane; or set KUBECONFIG";
  }
  return undefined;
}

/** The cluster that KUBECONFIG names, or one of processes, whose pods run the programs that `images` names. */
export async function startCluster(options: {
  images: Images;
  /** How long a node may be silent before its pods are taken for lost; 40 by default. */
  nodeGraceSeconds?: number;
  kubeletLimits?: Partial<KubeletLimits>;
  say?: (line: string) => void;
}): Promise<Cluster> {
  const given = process.env["KUBECONFIG"];
  if (!given) return await startOwnCluster(options);
  const installed = Bun.which("kubectl") !== null;
  const kubectl = installed ? ["kubectl"] : [await controlPlaneProgram(options.say ?? console.error), "kubectl"];
  return { origin: "given", kubeconfig: given, kubectl: kubectlOf(kubectl, given), async [Symbol.asyncDispose]() {} };
}

async function startOwnCluster(options: Parameters<typeof startCluster>[0]): Promise<OwnCluster> {
  const program = await controlPlaneProgram(options.say ?? console.error);
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "cluster-"));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const addresses = undo.use(claimPodAddresses());
  const keys = await makeKeys(directory, addresses.node);
  const kubeconfig = join(directory, "kubeconfig");
  const controlPlane = undo.use(
    await startControlPlane({
      program,
      directory,
      keys,
      nodeAddress: addresses.node,
      kubeconfig,
      nodeGraceSeconds: options.nodeGraceSeconds ?? defaultNodeGraceSeconds,
    }),
  );
  const { server, api, killApiServer, startApiServer } = controlPlane;
  const kubelet = undo.use(
    await startKubelet({
      api,
      images: options.images,
      addresses,
      directory: join(directory, "volumes"),
      keys: keys.kubelet,
      authority: keys.authority.certificate,
      ...(options.kubeletLimits && { limits: options.kubeletLimits }),
    }),
  );
  const all = undo.move();
  return {
    origin: "own",
    kubeconfig,
    kubectl: kubectlOf([program, "kubectl"], kubeconfig),
    server,
    api,
    kubelet,
    processes: controlPlane.processes,
    killApiServer,
    startApiServer,
    freezeApiServer: controlPlane.freezeApiServer,
    thawApiServer: controlPlane.thawApiServer,
    async compact() {
      await controlPlane.compactEtcd();
      await killApiServer();
      await startApiServer();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
