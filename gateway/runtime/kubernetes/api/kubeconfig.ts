import { join } from "node:path";
import type { Access, Cluster, ReadIdentity } from "./cluster.ts";
import { execIdentity, type PluginWorld } from "./exec-plugin.ts";
import { codeOf, type Files, type ReadFile } from "./fresh-file.ts";
import { dataOrFile, refuseUnsupported, staticIdentity } from "./identity.ts";
import { inCluster, type ServiceAddress, serviceAccountFolder } from "./in-cluster.ts";
import { type ClusterEntry, type MergedConfig, mergeKubeconfigs } from "./kubeconfig-file.ts";

export type ClusterSettings = {
  /** As KUBECONFIG: paths with colons between them. */
  readonly kubeconfig?: string | undefined;
  /** Instead of the current context. */
  readonly context?: string | undefined;
  /** Where `.kube/config` is looked for without `kubeconfig`. */
  readonly home?: string | undefined;
  /** The environment of a pod: taken where there is no kubeconfig. */
  readonly service?: ServiceAddress | undefined;
  readonly serviceAccountFolder?: string | undefined;
  /** What exec plugins see; they need PATH and HOME as a rule. */
  readonly environment?: PluginWorld["environment"] | undefined;
};

/**
 * The cluster that kubectl would speak to with the same settings: KUBECONFIG, then `~/.kube/config`, then the one around
 * this pod. Throws, in words, where there is none, where it asks for what is not supported, or where a file is missing.
 */
export async function loadCluster(
  settings: ClusterSettings,
  { now = Date.now, readFile = (path: string) => Bun.file(path).text() }: Partial<Files> = {},
): Promise<Cluster> {
  const files = { now, readFile };
  const paths = settings.kubeconfig?.split(":").filter((path) => path !== "") ?? [];
  if (paths.length > 0) {
    const found = await readAll(paths, readFile);
    if (found.length === 0) throw new Error(`there is no kubeconfig at ${paths.join(" or ")}`);
    return fromKubeconfig(mergeKubeconfigs(found), settings, files);
  }

  const atHome = settings.home ? await readAll([join(settings.home, ".kube/config")], readFile) : [];
  if (atHome.length > 0) return fromKubeconfig(mergeKubeconfigs(atHome), settings, files);
  if (settings.service) return fromServiceAccount(settings.service, settings, files);
  throw new Error("no cluster: KUBECONFIG is not set, there is no ~/.kube/config, and this is no pod");
}

/** Those of the files that are there. */
async function readAll(paths: readonly string[], readFile: ReadFile): Promise<{ path: string; text: string }[]> {
  const found: { path: string; text: string }[] = [];
  for (const path of paths) {
    try {
      found.push({ path, text: await readFile(path) });
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw new Error(`cannot read ${path}: ${codeOf(error)}`);
    }
  }
  return found;
}

async function fromServiceAccount(service: ServiceAddress, settings: ClusterSettings, files: Files): Promise<Cluster> {
  const folder = settings.serviceAccountFolder ?? serviceAccountFolder;
  const cluster = inCluster(service, folder, files);
  await cluster.access(false);
  const namespace = await files.readFile(join(folder, "namespace")).catch(() => "");
  return { ...cluster, namespace: namespace.trim() || undefined };
}

async function fromKubeconfig(config: MergedConfig, settings: ClusterSettings, files: Files): Promise<Cluster> {
  const name = settings.context ?? config.currentContext;
  if (!name) throw new Error("the kubeconfig has no current-context");
  const context = config.contexts.get(name)?.entry;
  if (!context) throw new Error(`the kubeconfig has no context ${name}`);
  const cluster = config.clusters.get(context.cluster);
  if (!cluster) throw new Error(`context ${name}: there is no cluster ${context.cluster}`);
  const user = config.users.get(context.user ?? "");
  if (context.user && !user) throw new Error(`context ${name}: there is no user ${context.user}`);

  try {
    const { entry, folder } = user ?? { entry: {}, folder: cluster.folder };
    refuseUnsupported(entry);
    const certificatesAndTokens = staticIdentity(entry, folder, files);
    const world = { now: files.now, environment: settings.environment ?? {} };
    const plugin = entry.exec ? execIdentity(entry.exec, cluster.entry, folder, world) : undefined;
    const access = accessTo(cluster.entry, cluster.folder, plugin ?? certificatesAndTokens, files);
    // What is wrong with files is said now rather than with the first request; a plugin may take its time.
    if (!plugin) await access(false);
    return { server: serverOf(cluster.entry), namespace: context.namespace || undefined, access };
  } catch (error) {
    throw new Error(`context ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function accessTo(
  cluster: ClusterEntry,
  folder: string,
  readIdentity: ReadIdentity,
  files: Files,
): (renew: boolean) => Promise<Access> {
  refuseUnsafe(cluster);
  const { "certificate-authority-data": data, "certificate-authority": file, "tls-server-name": serverName } = cluster;
  const readCa = dataOrFile("the cluster's CA", { data, file }, folder, files);
  const rejectUnauthorized = !cluster["insecure-skip-tls-verify"];
  return async (renew) => {
    const ca = await readCa?.(renew);
    if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) throw new Error("the cluster's CA is no PEM");
    const { certificate, token } = await readIdentity(renew);
    return { tls: { ca, ...certificate, serverName, rejectUnauthorized }, token };
  };
}

function refuseUnsafe(cluster: ClusterEntry): void {
  const { hostname, protocol } = new URL(serverOf(cluster));
  const onLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (protocol !== "https:" && !onLoopback) throw new Error(`${cluster.server} is not https, and not on loopback`);
  if (cluster["insecure-skip-tls-verify"] && !onLoopback)
    throw new Error("insecure-skip-tls-verify is refused: anybody on the way could be the API server; give its CA");
  if (cluster["proxy-url"]) throw new Error("proxy-url is not supported");
}

function serverOf({ server }: ClusterEntry): string {
  const url = URL.parse(server);
  if (!url || !["https:", "http:"].includes(url.protocol)) throw new Error(`the server ${server} is no URL`);
  if (url.username || url.password || url.search || url.hash)
    throw new Error("the server is more than host, port and path");
  return url.href.replace(/\/+$/, "");
}
