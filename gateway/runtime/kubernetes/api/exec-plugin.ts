import { isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { checkedToken, type Identity, type ReadIdentity } from "./cluster.ts";
import { arePair } from "./identity.ts";
import type { ClusterEntry, ExecEntry } from "./kubeconfig-file.ts";
import { type Ran, run } from "./run-program.ts";

export type PluginWorld = {
  readonly now: () => number;
  /** What the program sees, besides what the kubeconfig adds. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
};

const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
const execTimeoutMs = 30_000;

/**
 * An identity that a program hands out (https://kubernetes.io/docs/reference/access-authn-authz/authentication,
 * "client-go credential plugins"). Kept until it expires or is refused; run once for all who ask meanwhile.
 */
export function execIdentity(exec: ExecEntry, cluster: ClusterEntry, folder: string, world: PluginWorld): ReadIdentity {
  if (!versions.includes(exec.apiVersion))
    throw new Error(`exec: apiVersion ${exec.apiVersion} is not supported, only ${versions.join(" and ")}`);
  if (exec.interactiveMode === "Always") throw new Error(`exec: ${exec.command} wants a terminal, and there is none`);

  let kept: { identity: Identity; expiresMs: number } | undefined;
  let running: Promise<Identity> | undefined;
  return async (renew) => {
    if (kept && !renew && world.now() < kept.expiresMs) return kept.identity;
    running ??= obtain().finally(() => {
      running = undefined;
    });
    return running;
  };

  async function obtain(): Promise<Identity> {
    const program = locate();
    const ran = await run([program, ...(exec.args ?? [])], environment(), world.timeoutMs ?? execTimeoutMs);
    if (ran.state !== "ended" || ran.exitCode !== 0) throw new Error(inWords(ran));
    kept = read(ran.stdout);
    return kept.identity;
  }

  /** A path is relative to the kubeconfig, a bare name is looked up in PATH. */
  function locate(): string {
    const command =
      isAbsolute(exec.command) || !exec.command.includes("/") ? exec.command : resolve(folder, exec.command);
    const program = Bun.which(command, { PATH: world.environment["PATH"] ?? "" });
    if (program) return program;
    const hint = exec.installHint ? `: ${exec.installHint.trim()}` : "";
    throw new Error(`exec: there is no program ${exec.command}${hint}`);
  }

  function environment(): Record<string, string | undefined> {
    const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
    const spec = { interactive: false, ...(exec.provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}) };
    const info = JSON.stringify({ apiVersion: exec.apiVersion, kind: "ExecCredential", spec });
    return { ...world.environment, ...own, KUBERNETES_EXEC_INFO: info };
  }

  function inWords(ran: Ran): string {
    if (ran.state !== "ended") return `exec: ${exec.command} ${ran.reason}`;
    const said = ran.stderr.trim();
    return `exec: ${exec.command} ended with ${ran.exitCode}${said === "" ? "" : `: ${said}`}`;
  }

  function read(stdout: string): { identity: Identity; expiresMs: number } {
    const { success, data } = ExecCredential.safeParse(parse(stdout));
    if (!success) throw new Error(`exec: what ${exec.command} printed is no ExecCredential`);
    if (data.apiVersion !== exec.apiVersion)
      throw new Error(`exec: ${exec.command} answered in ${data.apiVersion}, not in ${exec.apiVersion}`);
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = data.status;
    const certificate = cert && key ? { cert, key } : undefined;
    if (!cert !== !key || (certificate && !arePair(certificate)))
      throw new Error(`exec: ${exec.command} printed a certificate and a key that do not belong together`);
    if (!token && !certificate) throw new Error(`exec: ${exec.command} printed neither a token nor a certificate`);
    const identity = { certificate, token: token ? checkedToken(token, `what ${exec.command} printed`) : undefined };
    return { identity, expiresMs: expirationTimestamp ? Date.parse(expirationTimestamp) : Infinity };
  }
}

const ExecCredential = z.object({
  apiVersion: z.string(),
  kind: z.literal("ExecCredential"),
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
  }),
});

function clusterInfo(cluster: ClusterEntry) {
  const { server, extensions } = cluster;
  return {
    server,
    "tls-server-name": cluster["tls-server-name"],
    "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
    "certificate-authority-data": cluster["certificate-authority-data"],
    config: extensions?.find(({ name }) => name === "client.authentication.k8s.io/exec")?.extension,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
