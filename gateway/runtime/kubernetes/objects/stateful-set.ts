import type { Workload } from "../../runtime.ts";
import { labelsOf, podHashAnnotation, revisionAnnotation, selectorOf, uidAnnotation } from "./labels.ts";
import { podTemplateOf } from "./pod-template.ts";
import { resourcesRefusal } from "./resources.ts";
import type { StatefulSet } from "./shapes.ts";
import { type ObjectSettings, serviceName } from "./workload.ts";

/** Why the workload can never run in a cluster as it is, in words; undefined when it can. */
export function refusalOf(workload: Workload, settings: ObjectSettings): string | undefined {
  const refusal = resourcesRefusal(workload.pod?.resources ?? {});
  if (refusal !== undefined) return refusal;
  const made = podTemplateOf(workload, settings);
  return made.state === "refused" ? made.reason : undefined;
}

/**
 * The StatefulSet of an adapter or a tool: all that is to be applied, and nothing that the API server fills in.
 *
 * @throws Error with the words of `refusalOf`, which is to be asked before
 */
export function statefulSetFor(workload: Workload, settings: ObjectSettings): StatefulSet {
  const made = podTemplateOf(workload, settings);
  if (made.state === "refused") throw new Error(made.reason);
  const { template } = made;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      name: workload.name,
      namespace: settings.namespace,
      labels: labelsOf(workload, settings),
      annotations: {
        [uidAnnotation]: workload.uid,
        [revisionAnnotation]: String(workload.revision),
        [podHashAnnotation]: template.metadata.annotations?.[podHashAnnotation] ?? "",
      },
    },
    spec: {
      replicas: workload.replicaCount,
      serviceName: serviceName(workload.name),
      // Replicas do not wait for each other: one that cannot start holds none of the others up.
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "RollingUpdate" },
      revisionHistoryLimit: 2,
      selector: { matchLabels: selectorOf(workload) },
      template,
    },
  };
}
