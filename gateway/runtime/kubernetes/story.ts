import type { Events } from "../../observe/events.ts";
import { failureInWords } from "./api/answer.ts";
import type { KubeClient } from "./api/client.ts";
import type { StatefulSet } from "./api/objects.ts";
import { events as eventResource } from "./api/resources.ts";

/** What happens to a workload, as Events on its StatefulSet: `kubectl describe` and `kubectl events` tell it. */
export type Story = {
  /** After an apply: what was there, and what is. */
  applied(before: StatefulSet | undefined, after: StatefulSet, how: { isRepair: boolean }): void;
  /** The API server did not take a change; told once until something else happens. */
  refused(there: StatefulSet | undefined, reason: string): void;
};

type Chapter = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

const maxMessageLength = 1000;

export function storyOf({
  client,
  component,
  instance,
  now,
  events,
}: {
  client: Pick<KubeClient, "create">;
  /** Who tells it, and which of several. */
  component: string;
  instance: string;
  /** Milliseconds since 1970. */
  now: () => number;
  events: Pick<Events, "clusterEventLost">;
}): Story {
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

  function tell({ metadata }: StatefulSet, chapter: Chapter): void {
    const { name, namespace = "", uid } = metadata;
    const said = `${chapter.reason}: ${chapter.message}`;
    if (chapter.type === "Warning" && last.get(uid) === said) return;
    last.set(uid, said);
    const at = new Date(now()).toISOString().replace(/\.\d+Z$/, "Z");
    const event = {
      apiVersion: "v1",
      kind: "Event",
      // A full stop at its end would be refused.
      metadata: { generateName: `${name}-gateway-`, namespace },
      involvedObject: { apiVersion: "apps/v1", kind: "StatefulSet", name, namespace, uid },
      ...chapter,
      message: chapter.message.slice(0, maxMessageLength),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    } as const;
    void client.create(eventResource, event, { namespace }).then((answer) => {
      if (answer.state !== "ok") events.clusterEventLost({ workload: name, reason: failureInWords(answer) });
    });
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
