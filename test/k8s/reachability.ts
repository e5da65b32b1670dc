import type { Labels, Manifest } from "./manifests.ts";

type Requirement = { readonly key: string } & (
  { readonly operator: "In"; readonly values: readonly string[] } | { readonly operator: "Exists" | "DoesNotExist" }
);
type Selector = { readonly matchLabels?: Labels; readonly matchExpressions?: readonly Requirement[] };
type Port = { readonly port: string | number };
export type NetworkPolicy = Manifest & {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly { podSelector: Selector }[];
      readonly ports?: readonly Port[];
    }[];
  };
};

/** A pod of the gateway's namespace by its labels, or somebody outside of it. */
export type Peer = Labels | "outside";

/**
 * Whether these policies let a connection in, by the rules of networking.k8s.io/v1: a pod that no policy selects is open, and
 * one that some do takes what any of their rules allows. As much of it as these manifests use; anything else throws.
 */
export function reaches(policies: readonly NetworkPolicy[], from: Peer, to: Labels, port: string | number): boolean {
  const ingress = policies.filter(({ spec }) => spec.policyTypes.includes("Ingress"));
  const selecting = ingress.filter(({ spec }) => selects(spec.podSelector, to));
  if (selecting.length === 0) return true;
  return selecting
    .flatMap(({ spec }) => spec.ingress ?? [])
    .some(
      (rule) =>
        (rule.from === undefined || rule.from.some((peer) => isPeer(peer, from))) &&
        (rule.ports === undefined || rule.ports.some((allowed) => allowed.port === port)),
    );
}

function isPeer(peer: { podSelector: Selector }, from: Peer): boolean {
  if (Object.keys(peer).join() !== "podSelector") throw new Error(`not known here: ${Object.keys(peer).join()}`);
  return from !== "outside" && selects(peer.podSelector, from);
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => holds(requirement, labels))
  );
}

function holds(requirement: Requirement, labels: Labels): boolean {
  const value = labels[requirement.key];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && requirement.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      throw new Error(`not known here: ${JSON.stringify(requirement)}`);
  }
}
