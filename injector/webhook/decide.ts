import { adapterLabel, guardContainer, guardHealthPort, guardPort, injectLabel, jwksConfigMap } from "../pod/names.ts";
import { serverPortOf } from "../pod/server-port.ts";
import type { Pod, PodSpec } from "../pod/shapes.ts";
import { type Guarded, hasGuard } from "../pod/with-guard.ts";
import type { AdmissionRequest } from "./envelope.ts";
import { type DenyReason, denials, type SkipReason } from "./reasons.ts";
import { readPod } from "./pod-object.ts";

/** What becomes of a pod. `inject`: it is admitted with a guard; `skip`: as it is; `deny`: not at all, and why. */
export type Decision =
  | { readonly action: "inject"; readonly pod: Pod & { readonly spec: PodSpec }; readonly guarded: Guarded }
  | { readonly action: "skip"; readonly reason: SkipReason }
  | { readonly action: "deny"; readonly reason: DenyReason; readonly message: string };

/**
 * The same for the same request, however often it is asked: the API server asks again when another webhook has changed the pod,
 * and for a dry run. `namespace` is where adapters are. Pure.
 */
export function decide(request: AdmissionRequest, namespace: string): Decision {
  const past = skipped(request, namespace);
  if (past !== undefined) return skip(past);
  const read = readPod(request.object);
  if (read.state === "unreadable") return deny("unreadable", denials.unreadable(read.why));
  const { pod } = read;
  return notForUs(pod) ?? refused(pod) ?? guardedBy(pod);
}

/** The kind of thing that is asked about, before anybody looks at it. */
function skipped({ kind, subresource, operation, namespace }: AdmissionRequest, watched: string) {
  if (kind !== "v1/Pod" || subresource !== "") return "not-a-pod";
  if (operation !== "CREATE") return "not-a-creation";
  return namespace === watched ? undefined : "other-namespace";
}

function notForUs({ metadata, spec }: Pod): Decision | undefined {
  const labels = metadata?.labels ?? {};
  if (labels[adapterLabel] === undefined) return skip("not-labelled");
  if (labels[injectLabel] === "false") return skip("opted-out");
  return hasGuard(spec ?? {}) ? skip("already-guarded") : undefined;
}

/** What no guard can stand before, or could not without harm. */
function refused({ spec = {} }: Pod): Decision | undefined {
  if (spec.os?.name === "windows" || spec.nodeSelector?.["kubernetes.io/os"] === "windows") {
    return deny("windows", denials.windows());
  }
  if (spec.hostNetwork === true) return deny("host-network", denials["host-network"]());
  if ((spec.containers ?? []).length === 0) return deny("no-container", denials["no-container"]());
  const name = takenName(spec);
  if (name !== undefined) return deny("name-taken", denials["name-taken"](name));
  const port = takenPort(spec);
  return port === undefined ? undefined : deny("port-taken", denials["port-taken"](port));
}

function guardedBy(pod: Pod): Decision {
  const adapter = pod.metadata?.labels?.[adapterLabel] ?? "";
  if (!isAdapterName(adapter)) return deny("invalid-name", denials["invalid-name"](adapter));
  const server = serverPortOf(pod);
  if (server.state === "invalid") return deny("invalid-port", denials["invalid-port"](server.annotation));
  if (server.state === "unknown") return deny("port-unknown", denials["port-unknown"]());
  // It would be its own upstream.
  if (isGuards(server.port)) return deny("port-taken", denials["port-taken"](server.port));
  if (isOnHost(pod.spec ?? {}, server.port)) return deny("host-port", denials["host-port"](server.port));
  return { action: "inject", pod: { ...pod, spec: pod.spec ?? {} }, guarded: { adapter, port: server.port } };
}

function takenName({ containers = [], initContainers = [], volumes = [] }: PodSpec): string | undefined {
  if ([...containers, ...initContainers].some(({ name }) => name === guardContainer)) {
    return `The container ${guardContainer}`;
  }
  const volume = volumes.find(({ name }) => name === jwksConfigMap);
  // What is left of a guard that somebody took out.
  const isOurs = volume === undefined || volume.configMap?.name === jwksConfigMap;
  return isOurs ? undefined : `The volume ${jwksConfigMap}`;
}

/** By those that run beside it: an ordinary init container has ended when the guard begins. */
function takenPort({ containers = [], initContainers = [] }: PodSpec): number | undefined {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  const ports = [...containers, ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find(({ containerPort, protocol = "TCP" }) => protocol === "TCP" && isGuards(containerPort))
    ?.containerPort;
}

/** The node's own address leads there, which no network policy knows as the pod. */
function isOnHost({ containers = [] }: PodSpec, port: number): boolean {
  const ports = containers.flatMap((container) => container.ports ?? []);
  return ports.some(({ containerPort, hostPort = 0 }) => containerPort === port && hostPort > 0);
}

function isGuards(port: number): boolean {
  return port === guardPort || port === guardHealthPort;
}

/** As the contract's ResourceName has it. */
function isAdapterName(name: string): boolean {
  return name.length <= maxNameLength && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name);
}

const maxNameLength = 52;

function skip(reason: SkipReason): Decision {
  return { action: "skip", reason };
}

function deny(reason: DenyReason, message: string): Decision {
  return { action: "deny", reason, message };
}
