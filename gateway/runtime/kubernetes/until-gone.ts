import { failureInWords } from "./api/answer.ts";
import type { KubeClient } from "./api/client.ts";
import type { StatefulSet } from "./api/objects.ts";
import { pause as pauseFor } from "../pause.ts";
import type { Pod } from "./api/pod.ts";
import { pods } from "./api/resources.ts";
import type { ClusterView } from "./cluster-view.ts";
import { nameLabel } from "./objects/labels.ts";
import { serviceName } from "./objects/workload.ts";

type Removed = {
  readonly client: Pick<KubeClient, "list">;
  readonly view: ClusterView;
  readonly namespace: string;
  /** The workload's. */
  readonly name: string;
  /** Of its StatefulSet and its Service. */
  readonly uids: ReadonlySet<string>;
  readonly signal: AbortSignal;
};

/** The view may be behind the API server: what it does not show is asked for there, this often. */
const askAgainMs = 500;

/**
 * Resolves when the objects that were removed, and every pod of theirs, are gone. A namesake that comes meanwhile is not waited
 * for. Throws when the signal aborts, or when the API server does not tell.
 */
export async function untilGone(removed: Removed): Promise<void> {
  const { client, view, namespace, name, signal } = removed;
  for (;;) {
    await untilGoneInView(removed);
    signal.throwIfAborted();
    const answer = await client.list(pods, { namespace, labelSelector: `${nameLabel}=${name}`, signal });
    if (answer.state !== "ok") throw new Error(failureInWords(answer));
    if (!answer.object.items.some((pod) => isLeft(pod, removed, view.statefulSet(name)))) return;
    await pauseFor(askAgainMs, signal);
  }
}

async function untilGoneInView({ view, name, uids, signal }: Removed): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (signal.aborted || !isThere()) resolve();
  };
  const unsubscribe = view.onChange((changed) => void (changed === name && look()));
  signal.addEventListener("abort", look, { once: true });
  look();
  await promise;
  unsubscribe();
  signal.removeEventListener("abort", look);

  function isThere(): boolean {
    const statefulSet = view.statefulSet(name);
    const found = [statefulSet, view.service(serviceName(name))];
    if (found.some((object) => object && uids.has(object.metadata.uid))) return true;
    return view.podsOf(name).some((pod) => isLeft(pod, { name, uids }, statefulSet));
  }
}

/** Of the StatefulSet that was removed, or of one before it; not of the one that has its name now. */
function isLeft({ metadata }: Pod, removed: Pick<Removed, "name" | "uids">, now: StatefulSet | undefined): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind !== "StatefulSet" || owner.name !== removed.name) return false;
  return removed.uids.has(owner.uid) || owner.uid !== now?.metadata.uid;
}
