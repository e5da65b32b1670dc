import type { GuardSettings } from "../../../../injector/pod/with-guard.ts";
import type { Workload } from "../../runtime.ts";

/** What all objects of one gateway share. */
export type ObjectSettings = {
  readonly namespace: string;
  /** Before the image names, without a slash at its end; empty for none. */
  readonly registry: string;
  /** The label value that tells this gateway's objects from all others. */
  readonly gatewayName: string;
  /** Of pods that run under the workload's cloud identity. */
  readonly serviceAccount: string;
  /** What stands before every adapter; undefined: nothing does. */
  readonly guard: GuardSettings | undefined;
};

/** What clients inside the cluster dial, for adapters and tools alike, as the Microsoft gateway has it. */
export const servicePort = 8000;

export function serviceName(workload: string): string {
  return `${workload}-service`;
}

/** The workload whose Service would be called so, whoever made it. */
export function workloadOfService(name: string): string | undefined {
  return name.endsWith("-service") ? name.slice(0, -"-service".length) : undefined;
}

/** The pod's one container that the gateway writes; a template may add others. */
export function containerName(workload: string): string {
  return `${workload}-container`;
}

/** The name of its port, in the container, the Service and the EndpointSlices. */
export function portName(kind: Workload["kind"]): string {
  return kind === "adapter" ? "mcp" : "http";
}

/** What stands before its replicas. Tools are asked with arguments only, so that there is no caller to vouch for. */
export function guardOf({ kind }: Pick<Workload, "kind">, { guard }: Pick<ObjectSettings, "guard">) {
  return kind === "adapter" ? guard : undefined;
}

const digest = /^sha256:[0-9a-f]{64}$/;

export function isDigest(imageVersion: string): boolean {
  return digest.test(imageVersion);
}

export function imageOf({ imageName, imageVersion }: Workload, { registry }: Pick<ObjectSettings, "registry">): string {
  const name = registry === "" ? imageName : `${registry}/${imageName}`;
  return `${name}${isDigest(imageVersion) ? "@" : ":"}${imageVersion}`;
}
