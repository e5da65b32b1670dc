import type { Workload } from "../../runtime.ts";
import { kindOf, managerLabel, nameLabel } from "./labels.ts";
import type { ObjectMeta } from "./shapes.ts";
import { type ObjectSettings, serviceName } from "./workload.ts";

/** What stands in a workload's place. The kind is asked for, because items of a Kubernetes list do not say it. */
export type Placed = { readonly kind: "StatefulSet" | "Service"; readonly metadata?: ObjectMeta };

export type Owner =
  { readonly owner: "ours"; readonly kind: Workload["kind"]; readonly name: string } | { readonly owner: "foreign" };

const foreign: Owner = { owner: "foreign" };

/**
 * Whose a StatefulSet or a Service is. Ours has this gateway's name as its manager, and is called as its own labels say. All
 * else is foreign, the Microsoft gateway's objects too: it is never applied over, patched or deleted, nor are its logs read.
 * Whoever wants to hand one over sets the label `app.kubernetes.io/managed-by` on it by hand.
 */
export function ownerOf({ kind: placedKind, metadata }: Placed, settings: Pick<ObjectSettings, "gatewayName">): Owner {
  const labels = metadata?.labels ?? {};
  const kind = kindOf(labels);
  const name = labels[nameLabel];
  if (labels[managerLabel] !== settings.gatewayName || kind === undefined || name === undefined) return foreign;
  if (metadata?.name !== (placedKind === "Service" ? serviceName(name) : name)) return foreign;
  return { owner: "ours", kind, name };
}

/** Why the workload cannot take its place among what is there, in words; undefined when it can. */
export function refusalIn(
  existing: readonly Placed[],
  workload: Pick<Workload, "kind" | "name">,
  settings: Pick<ObjectSettings, "gatewayName">,
): string | undefined {
  for (const placed of existing) {
    const owner = ownerOf(placed, settings);
    if (owner.owner === "foreign") {
      return `The name "${placed.metadata?.name ?? ""}" belongs to a ${placed.kind} that this gateway did not make.`;
    }
    // The selector cannot be changed: the old one has to go first.
    if (owner.kind !== workload.kind) {
      return `The name "${workload.name}" still belongs to the ${placed.kind} of a deleted ${owner.kind}.`;
    }
  }
  return undefined;
}
