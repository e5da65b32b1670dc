import type { KubeClient } from "./api/client.ts";
import type { Event } from "./api/objects.ts";
import { events as eventResource } from "./api/resources.ts";

/** What the cluster tells of these objects, by their uids. What it does not tell in time explains nothing. */
export async function explainingEvents(
  client: Pick<KubeClient, "list">,
  { namespace, uids, signal }: { namespace: string; uids: readonly string[]; signal: AbortSignal },
): Promise<Event[]> {
  const lists = await Promise.all(
    uids.map((uid) => client.list(eventResource, { namespace, fieldSelector: `involvedObject.uid=${uid}`, signal })),
  );
  return lists.flatMap((list) => (list.state === "ok" ? list.object.items : []));
}
