import type { Events } from "../../observe/events.ts";
import { failureInWords } from "./api/answer.ts";
import type { KubeClient } from "./api/client.ts";
import { events as eventResource } from "./api/resources.ts";
import { hashOf } from "./objects/hash.ts";

/** What `kubectl describe` and `kubectl events` tell of an object. */
export type Chapter = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };
export type About = { readonly kind: "StatefulSet" | "Pod"; readonly name: string; readonly uid: string };

export type ClusterEvents = {
  write(about: About, chapter: Chapter): void;
  /** The same is told once while the cluster keeps it, whichever gateway tells it. */
  writeOnce(about: About, chapter: Chapter): void;
};

const apiVersions = { StatefulSet: "apps/v1", Pod: "v1" } as const;
const maxMessageLength = 1000;
/** What may stand before a hash in an object's name. */
const maxNameLength = 200;

/** Events of core/v1, for that is what `kubectl describe` shows. Nobody waits until one is written. */
export function clusterEvents({
  client,
  namespace,
  component,
  instance,
  now,
  events,
}: {
  client: Pick<KubeClient, "create">;
  namespace: string;
  /** Who tells it, and which of several. */
  component: string;
  instance: string;
  /** Milliseconds since 1970. */
  now: () => number;
  events: Pick<Events, "clusterEventLost">;
}): ClusterEvents {
  return {
    // A full stop at its end would be refused.
    write: (about, chapter) => void put(about, chapter, { generateName: `${about.name}-gateway-` }),
    writeOnce(about, chapter) {
      const hash = hashOf([component, about.kind, about.uid, chapter]);
      void put(about, chapter, { name: `${about.name.slice(0, maxNameLength)}-gateway-${hash}` });
    },
  };

  async function put(about: About, chapter: Chapter, name: { name: string } | { generateName: string }): Promise<void> {
    const at = new Date(now()).toISOString().replace(/\.\d+Z$/, "Z");
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { ...name, namespace },
      involvedObject: { apiVersion: apiVersions[about.kind], ...about, namespace },
      ...chapter,
      message: chapter.message.slice(0, maxMessageLength),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    } as const;
    const answer = await client.create(eventResource, event, { namespace });
    const isTold = answer.state === "ok" || ("name" in name && answer.state === "failed" && answer.status === 409);
    if (!isTold) events.clusterEventLost({ workload: about.name, reason: failureInWords(answer) });
  }
}
