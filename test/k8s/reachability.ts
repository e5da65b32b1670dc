import type { Labels, Manifest } from "./manifests.ts";

type Requirement = { readonly key: string } & (
  { readonly operator: "In"; readonly values: readonly string[] } | { readonly operator: "Exists" | "DoesNotExist" }
);
type Selector = { readonly matchLabels?: Labels; readonly matchExpressions?: readonly Requirement[] };
type PolicyPeer = { readonly podSelector: Selector } | { readonly namespaceSelector: Selector };
type Port = { readonly port: string | number };
export type NetworkPolicy = Manifest & {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly PolicyPeer[];
      readonly ports?: readonly Port[];
    }[];
  };
};

/** A pod of the gateway's namespace by its labels, a pod of another one by that one's, or somebody outside of the cluster. */
export type Peer = Labels | Namespace | "outside";
export type Namespace = { readonly namespace: { readonly labels: Labels } };

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

function isPeer(peer: PolicyPeer, from: Peer): boolean {
  if (Object.keys(peer).length !== 1) throw new Error(`not known here: ${Object.keys(peer).join()}`);
  if (from === "outside") return false;
  if ("podSelector" in peer) return !isNamespace(from) && selects(peer.podSelector, from);
  return selects(peer.namespaceSelector, isNamespace(from) ? from.namespace.labels : ownNamespace);
}

function isNamespace(from: Labels | Namespace): from is Namespace {
  return typeof from["namespace"] === "object";
}

/** As in k8s/base/namespace.yaml, with what every namespace has. */
const ownNamespace: Labels = { "kubernetes.io/metadata.name": "adapter" };

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
