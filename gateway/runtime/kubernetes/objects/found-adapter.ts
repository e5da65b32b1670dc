import { adapterLabel } from "../../../../injector/pod/names.ts";
import { ResourceName } from "../../../../openapi/workload.ts";
import type { FoundAdapter } from "../../runtime.ts";
import { saidIn } from "./found-annotations.ts";
import { type FoundObjects, replicasIn, type Speaker, speakerIn } from "./found-objects.ts";
import { imageParts } from "./image-reference.ts";
import { serverContainerOf } from "./server-container.ts";
import type { StatefulSet } from "./shapes.ts";
import type { ObjectSettings } from "./workload.ts";

/** What is wrong with an object, for those who read its Events. */
export type Warning = {
  readonly object: { readonly kind: "StatefulSet" | "Pod"; readonly name: string; readonly uid: string };
  readonly reason: "NotRegistered" | "InvalidAnnotation" | "NotCounted";
  readonly message: string;
};

/** The adapter that people run by this name; undefined when nothing of it is left. */
export function foundAdapterIn(
  objects: FoundObjects,
  { registry }: Pick<ObjectSettings, "registry">,
): FoundAdapter | undefined {
  const { name, statefulSets, pods, mislabelled } = objects;
  if (statefulSets.length + pods.length + mislabelled.length === 0) return undefined;
  if (!isName(name)) return { state: "unusable" };
  const speaker = speakerIn(objects);
  if (!speaker) return { state: pods.length > 0 ? "ending" : "unusable" };
  const { said } = saidIn(speaker.annotations);
  const image = imageParts(serverContainerOf(speaker.pod)?.image ?? "", registry);
  const { wanted, counted } = replicasIn(objects);
  return {
    state: "usable",
    data: { ...image, replicaCount: wanted + counted, ...said },
    replicas: counted === 0 ? "wanted" : "counted",
  };
}

/** What people have to be told. `refusal` is why the adapter is not registered, where that does not follow from its objects. */
export function warningsOf(objects: FoundObjects, refusal: string | undefined): Warning[] {
  const speaker = speakerIn(objects);
  const misplaced = objects.mislabelled.map((set) => notRegistered(set, misplacedWords));
  if (!speaker) return misplaced;
  const why = isName(objects.name) ? refusal : misnamedWords(objects.name);
  if (why !== undefined) return [notRegistered({ kind: speaker.kind, metadata: speaker.metadata }, why), ...misplaced];
  const { problems } = saidIn(speaker.annotations);
  return [
    ...problems.map((message) => ({ object: objectOf(speaker), reason: "InvalidAnnotation" as const, message })),
    ...objects.statefulSets.slice(1).map((set) => notCounted(set, speaker)),
    ...misplaced,
  ];
}

const misplacedWords = `The label ${adapterLabel} belongs to the pods: put it into spec.template.metadata.labels.`;

function misnamedWords(name: string): string {
  return `${JSON.stringify(name)} cannot be the name of an adapter: it has lowercase letters, digits and dashes, 52 at most.`;
}

function notCounted(set: StatefulSet, { metadata }: Speaker): Warning {
  const message = `Its pods take requests, but its annotations do not count: those of the StatefulSet ${metadata.name ?? ""} do, which is older.`;
  return { object: objectOf({ kind: "StatefulSet", metadata: set.metadata ?? {} }), reason: "NotCounted", message };
}

function notRegistered(object: Partial<Pick<Speaker, "kind" | "metadata">>, message: string): Warning {
  const { kind = "StatefulSet", metadata = {} } = object;
  return { object: objectOf({ kind, metadata }), reason: "NotRegistered", message };
}

function objectOf({ kind, metadata: { name = "", uid = "" } }: Pick<Speaker, "kind" | "metadata">): Warning["object"] {
  return { kind, name, uid };
}

function isName(name: string): boolean {
  return ResourceName.safeParse(name).success;
}
