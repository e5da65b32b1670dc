import type { StatefulSet } from "./api/objects.ts";
import type { Chapter, ClusterEvents } from "./cluster-events.ts";

/** What happens to a workload, as Events on its StatefulSet: `kubectl describe` and `kubectl events` tell it. */
export type Story = {
  /** After an apply: what was there, and what is. */
  applied(before: StatefulSet | undefined, after: StatefulSet, how: { isRepair: boolean }): void;
  /** The API server did not take a change; told once until something else happens. */
  refused(there: StatefulSet | undefined, reason: string): void;
};

export function storyOf({ write }: Pick<ClusterEvents, "write">): Story {
  const last = new Map<string, string>();
  return {
    applied(before, after, { isRepair }) {
      const chapter = chapterOf(before, after, isRepair);
      if (chapter) tell(after, chapter);
    },
    refused(there, reason) {
      if (there) tell(there, { type: "Warning", reason: "UpdateRefused", message: reason });
    },
  };

  function tell({ metadata: { name, uid } }: StatefulSet, chapter: Chapter): void {
    const said = `${chapter.reason}: ${chapter.message}`;
    if (chapter.type === "Warning" && last.get(uid) === said) return;
    last.set(uid, said);
    write({ kind: "StatefulSet", name, uid }, chapter);
  }
}

function chapterOf(before: StatefulSet | undefined, after: StatefulSet, isRepair: boolean): Chapter | undefined {
  const { generation } = after.metadata;
  const replicas = after.spec.replicas ?? 0;
  if (before?.metadata.uid !== after.metadata.uid) {
    return isRepair
      ? { type: "Warning", reason: "Repaired", message: "It was deleted by somebody else, and is there again" }
      : { type: "Normal", reason: "Deployed", message: `${replicas} replicas of ${imageOf(after)} are wanted` };
  }
  if (generation === before.metadata.generation) return undefined;
  if (isRepair) return { type: "Warning", reason: "Repaired", message: "What somebody else had changed is undone" };
  if (replicas !== before.spec.replicas && imageOf(before) === imageOf(after)) {
    return { type: "Normal", reason: "Scaled", message: `From ${before.spec.replicas ?? 0} to ${replicas} replicas` };
  }
  return { type: "Normal", reason: "Updated", message: `${replicas} replicas of ${imageOf(after)} are wanted` };
}

function imageOf({ spec }: StatefulSet): string {
  return spec.template.spec?.containers?.[0]?.image ?? "an unknown image";
}
