import type { Workload } from "../../runtime.ts";
import type { Labels } from "./shapes.ts";
import type { ObjectSettings } from "./workload.ts";

export const typeLabel = "adapter/type";
export const nameLabel = "adapter/name";
export const managerLabel = "app.kubernetes.io/managed-by";
/** Of the record that the object was made for: a name that is deleted and given anew is another workload. */
export const uidAnnotation = "adapter/uid";
/** Of the record that the StatefulSet was last applied for. */
export const revisionAnnotation = "adapter/revision";
/** Of everything that needs a new pod when it changes. */
export const podHashAnnotation = "adapter/pod-hash";

const typeOfKind = { adapter: "mcp", tool: "tool" } as const;

/** A selector cannot be changed later, so it holds no more than what the Microsoft gateway selects by. */
export function selectorOf({ kind, name }: Pick<Workload, "kind" | "name">): Labels {
  return { [typeLabel]: typeOfKind[kind], [nameLabel]: name };
}

/**
 * On every object. A caller chooses the workload's name, so it is the instance and never `app.kubernetes.io/name`: a Service
 * that selects some program by that label must not find an adapter of the same name.
 */
export function labelsOf(
  workload: Pick<Workload, "kind" | "name">,
  settings: Pick<ObjectSettings, "gatewayName">,
): Labels {
  const { kind, name } = workload;
  return {
    ...selectorOf(workload),
    "app.kubernetes.io/name": kind === "adapter" ? "mcp-server" : "mcp-tool",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/component": kind,
    "app.kubernetes.io/part-of": "mcp-gateway",
    [managerLabel]: settings.gatewayName,
  };
}

/** The kind that an object's labels tell of. */
export function kindOf(labels: Labels): Workload["kind"] | undefined {
  const type = labels[typeLabel];
  if (type === "mcp") return "adapter";
  return type === "tool" ? "tool" : undefined;
}
