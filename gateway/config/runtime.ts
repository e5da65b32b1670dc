import { guardVariables } from "../../injector/pod/guard-variables.ts";
import type { GuardSettings } from "../../injector/pod/with-guard.ts";
import { isAlias } from "./aliases.ts";
import { Environment, Surroundings } from "./environment.ts";

/** Where workloads run, and what that needs. */
export type RuntimeSettings = LocalSettings | KubernetesSettings;

export type LocalSettings = {
  readonly kind: "local";
  /** `named` by a setting it must be there; the usual place may be empty. */
  readonly imageCatalogue: { readonly file: string; readonly named: boolean };
  /** Where a laptop's secrets are, a file each. */
  readonly secretsDirectory: string;
  /** Whether a guard stands before each replica of an adapter. */
  readonly guarded: boolean;
  readonly guardKeySettleMs: number;
};

export type KubernetesSettings = {
  readonly kind: "kubernetes";
  /** Of the workloads. */
  readonly namespace: string;
  /** Before image names, without a slash at its end; empty for none. */
  readonly registry: string;
  /** Of workloads that run under a cloud identity. */
  readonly serviceAccount: string;
  /** What stands before every adapter's replica. */
  readonly guard: GuardSettings | undefined;
  readonly guardKeySettleMs: number;
  /** One name for all gateways on one store: their Lease, and the owner of what they make. */
  readonly gatewayName: string;
  /** This gateway's own pod, where it is one and was told so. */
  readonly podName: string | undefined;
  /** Where the gateways and their Lease are. */
  readonly ownNamespace: string;
  /** How the API server is found. */
  readonly cluster: {
    readonly kubeconfig: string | undefined;
    readonly context: string | undefined;
    readonly home: string | undefined;
    readonly service: { readonly host: string; readonly port: string } | undefined;
    /** What credential plugins see: all variables but the gateway's settings, which may be secrets. */
    readonly environment: Readonly<Record<string, string | undefined>>;
  };
};

/** The kubelet looks once a minute, and may look at what it knew a minute ago; then the guard does. */
const clusterSettleSeconds = 150;
/** Guards on a laptop read the file itself. */
const laptopSettleSeconds = 10;

type Variables = Readonly<Record<string, string | undefined>>;

export function runtimeOf(env: Environment, variables: Variables): RuntimeSettings {
  if (env.RUNTIME === "local") {
    return {
      kind: "local",
      imageCatalogue: { file: env.IMAGE_CATALOGUE ?? "./images.json", named: env.IMAGE_CATALOGUE !== undefined },
      secretsDirectory: env.SECRETS_DIRECTORY,
      guarded: env.GUARD === "on",
      guardKeySettleMs: (env.GUARD_KEY_SETTLE_SECONDS ?? laptopSettleSeconds) * 1000,
    };
  }
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = env;
  return {
    kind: "kubernetes",
    namespace: env.KUBE_NAMESPACE,
    registry: env.CONTAINER_REGISTRY ?? "",
    serviceAccount: env.WORKLOAD_SERVICE_ACCOUNT,
    guard:
      env.GUARD === "off" || env.GUARD_IMAGE === undefined
        ? undefined
        : { image: env.GUARD_IMAGE, variables: guardVariables(variables) },
    guardKeySettleMs: (env.GUARD_KEY_SETTLE_SECONDS ?? clusterSettleSeconds) * 1000,
    gatewayName: "mcp-gateway",
    podName: env.POD_NAME,
    ownNamespace: env.POD_NAMESPACE ?? env.KUBE_NAMESPACE,
    cluster: {
      kubeconfig: env.KUBECONFIG,
      context: env.KUBE_CONTEXT,
      home: env.HOME,
      service: host === undefined ? undefined : { host, port },
      environment: Object.fromEntries(Object.entries(variables).filter(([name]) => !isOwn(name))),
    },
  };
}

/** Whoever leaves guards out in a cluster has to say so. */
export function guardProblem({ RUNTIME, GUARD, GUARD_IMAGE }: Pick<Environment, "RUNTIME" | "GUARD" | "GUARD_IMAGE">) {
  if (RUNTIME !== "kubernetes" || GUARD === "off" || GUARD_IMAGE !== undefined) return undefined;
  return "GUARD_IMAGE: needed with RUNTIME=kubernetes, for the guard before each adapter: an image of this gateway; or set GUARD=off, and nothing but network policies keeps others from an adapter";
}

const own = new Set(Object.keys(Environment.shape).filter((name) => !(name in Surroundings.shape)));

/** Whether a variable is the gateway's: a setting under either name, or a workload's secret. */
function isOwn(name: string): boolean {
  return own.has(name) || isAlias(name) || name.startsWith("SECRET_");
}
