import { adapterLabel, injectLabel } from "../../../../injector/pod/names.ts";
import type { Labels, ObjectMeta, Pod, PodSpec, StatefulSet } from "./shapes.ts";
import { isEnding } from "./status.ts";

/** What people run by one adapter's name: nothing that is the gateway's own, and nothing that has opted out. */
export type FoundObjects = {
  readonly name: string;
  /** Oldest first. */
  readonly statefulSets: readonly StatefulSet[];
  /** Of a StatefulSet, of something else, or of nothing. */
  readonly pods: readonly Pod[];
  /** StatefulSets that have the label on themselves, and not where their pods would get it. */
  readonly mislabelled: readonly StatefulSet[];
};

/** The object whose word counts. */
export type Speaker = {
  readonly kind: "StatefulSet" | "Pod";
  readonly metadata: ObjectMeta;
  /** Of the object, and of the pods that it makes. */
  readonly annotations: Labels;
  readonly pod: { readonly metadata?: ObjectMeta; readonly spec?: PodSpec };
};

/** Sorts out what has the label. Own is what the gateway made, and what that has made. */
export function foundObjectsIn(
  name: string,
  labelled: { readonly statefulSets: readonly StatefulSet[]; readonly pods: readonly Pod[] },
  { isOwnSet, isOwnPod }: { isOwnSet: (set: StatefulSet) => boolean; isOwnPod: (pod: Pod) => boolean },
): FoundObjects {
  const foreign = labelled.statefulSets.filter((set) => !isOwnSet(set) && !hasOptedOut(set.spec?.template?.metadata));
  return {
    name,
    statefulSets: foreign.filter((set) => labelOf(set.spec?.template?.metadata) === name).sort(byAge),
    pods: labelled.pods.filter((pod) => !isOwnPod(pod) && !hasOptedOut(pod.metadata)),
    mislabelled: foreign.filter((set) => labelOf(set.spec?.template?.metadata) === undefined),
  };
}

/**
 * The oldest StatefulSet. Where there is none, the newest pod, for that is what a Deployment was last told to make. A
 * StatefulSet's pod never speaks, or it would speak for a while after its StatefulSet was deleted, with half of the annotations.
 */
export function speakerIn({ statefulSets, pods }: FoundObjects): Speaker | undefined {
  const [set] = statefulSets;
  if (set) {
    const { template = {} } = set.spec ?? {};
    const annotations = { ...template.metadata?.annotations, ...set.metadata?.annotations };
    // Its images and ports are those of its pods.
    const pod = template as Speaker["pod"];
    return { kind: "StatefulSet", metadata: set.metadata ?? {}, annotations, pod };
  }
  const newest = pods
    .filter((pod) => makerOf(pod)?.kind !== "StatefulSet" && isWanted(pod))
    .sort(byAge)
    .at(-1);
  if (!newest) return undefined;
  const { metadata = {} } = newest;
  return { kind: "Pod", metadata, annotations: metadata.annotations ?? {}, pod: newest };
}

/** How many replicas StatefulSets want, and how many other pods there are. */
export function replicasIn({ statefulSets, pods }: FoundObjects): { wanted: number; counted: number } {
  const uids = new Set(statefulSets.map(({ metadata }) => metadata?.uid));
  const others = pods.filter((pod) => isWanted(pod) && !uids.has(makerOf(pod)?.uid));
  const wanted = statefulSets.reduce((sum, { spec }) => sum + (spec?.replicas ?? 1), 0);
  return { wanted, counted: others.length };
}

/** Not on its way out, and not finished while its maker has made another in its place. */
export function isWanted(pod: Pod): boolean {
  const { phase } = pod.status ?? {};
  const isReplaced = makerOf(pod) !== undefined && (phase === "Failed" || phase === "Succeeded");
  return !isEnding(pod) && !isReplaced;
}

/** The controller that made it. */
export function makerOf({ metadata }: Pod) {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

function labelOf(metadata: ObjectMeta | undefined): string | undefined {
  return metadata?.labels?.[adapterLabel];
}

function hasOptedOut(metadata: ObjectMeta | undefined): boolean {
  return metadata?.labels?.[injectLabel] === "false";
}

type Aged = { readonly metadata?: ObjectMeta };

/** By name where a second has made several. */
function byAge(one: Aged, other: Aged): number {
  const [a, b] = [one, other].map(({ metadata }) => `${metadata?.creationTimestamp ?? ""} ${metadata?.name ?? ""}`);
  return (a ?? "") < (b ?? "") ? -1 : 1;
}
