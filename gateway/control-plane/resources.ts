import { type ListQuery, maxListed } from "../../openapi/resource-route.ts";
import type { Access, Verb } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import type { Events } from "../observe/events.ts";
import { type Bodies, type Created, type Kind, managerOf, type Resource, type Store } from "../store/store.ts";
import { type Listed, listed, nameBefore } from "./listing.ts";
import type { Reconciler } from "./reconcile.ts";
import { type Refusal, refused } from "./refusal.ts";

type Found<K extends Kind> = { state: "found"; resource: Resource<K> };
export type Written<K extends Kind> = { state: "written"; resource: Resource<K> };
export type Revised<K extends Kind> = { state: "revised"; body: Bodies[K] };

/** What the verbs of every kind need. */
export type ResourceParts = {
  readonly access: Access;
  readonly store: Store;
  readonly reconciler: Pick<Reconciler, "observe" | "settled">;
  readonly events: Pick<Events, "resourceWritten">;
  readonly now: () => Date;
};

/** Names one state of one resource: a recreated one counts from 1 again, so its identity is part of the tag. */
export function tagOf({ uid, revision }: Resource): string {
  return `${uid.slice(0, 8)}-${revision}`;
}

/** How often a write without If-Match starts over when another one came between its read and its write. */
const maxRaces = 5;

/**
 * What may be done with resources of any kind, and by whom. Every mutation goes through here: it is checked, written
 * with its audit row, and handed to the reconciler. The sentences are the Microsoft gateway's where it had one.
 */
export function resourceVerbs<K extends Kind>({
  kind,
  access,
  store,
  reconciler,
  events,
  now,
}: ResourceParts & { kind: K }) {
  const { noun, taken } = words[kind];
  return { maker, add, list, get, revise, remove };

  /** What a new resource says of who made it, and when. */
  function maker(principal: Principal) {
    const at = now().toISOString();
    return { createdBy: principal.id, createdAt: at, lastUpdatedAt: at, owner: principal.key };
  }

  async function add(principal: Principal, body: Bodies[K], requestId: string): Promise<Written<K> | Refusal> {
    const created = await asked(body.name, store.create(kind, body.name, body, { id: principal.id, requestId }));
    if (created.state === "exists") return refused("exists", whyTaken(created));
    return accepted("create", created.resource, principal, requestId);
  }

  function whyTaken(holder: Extract<Created<K>, { state: "exists" }>): string {
    if (holder.deleting) return `The ${words[holder.kind].noun} with the same name is still being deleted.`;
    if (holder.kind === kind) return taken;
    const { article, noun: other } = words[holder.kind];
    return `The name is taken by ${article} ${other}: adapters and tools share their names.`;
  }

  async function list(principal: Principal, { limit = maxListed, cursor }: ListQuery): Promise<Listed<K> | Refusal> {
    const after = cursor === undefined ? undefined : nameBefore(cursor);
    if (cursor !== undefined && after === undefined) {
      return refused("invalid", "cursor: Not one that this gateway gave out. Start without one.");
    }
    const isShown = ({ deleting, body }: Resource<K>) => !deleting && access.may(principal, "read", body);
    return listed({ store, kind, isShown, after, limit });
  }

  async function get(principal: Principal, name: string): Promise<Found<K> | Refusal> {
    return find(principal, name, "read", `The ${noun} does not exist.`);
  }

  /** Puts what `change` makes of the stored body in its place. `expected` is the tag that was read, if any was. */
  async function revise(
    principal: Principal,
    name: string,
    expected: string | undefined,
    requestId: string,
    change: (before: Resource<K>, at: string) => Revised<K> | Refusal,
  ): Promise<Written<K> | Refusal> {
    for (let race = 0; race < maxRaces; race++) {
      const found = await find(principal, name, "write", `The ${noun} does not exist and cannot be updated.`);
      if (found.state === "refused") return found;
      if (expected !== undefined && expected !== tagOf(found.resource)) return stale();
      const revised = change(found.resource, now().toISOString());
      if (revised.state === "refused") return revised;

      const { revision } = found.resource;
      const author = { id: principal.id, requestId };
      const updated = await asked(name, store.update(kind, name, revision, revised.body, author));
      if (updated.state === "written") return accepted("update", updated.resource, principal, requestId);
    }
    return tooManyRaces();
  }

  /** Resolves once the record and all that ran for it are gone, or after a while; the name is reserved until then. */
  async function remove(
    principal: Principal,
    name: string,
    expected: string | undefined,
    requestId: string,
  ): Promise<Written<K> | Refusal> {
    for (let race = 0; race < maxRaces; race++) {
      const found = await find(principal, name, "write", `The ${noun} does not exist.`);
      if (found.state === "refused") return found;
      if (expected !== undefined && expected !== tagOf(found.resource)) return stale();
      const { revision } = found.resource;
      const marked = await asked(name, store.markDeleting(kind, name, revision, { id: principal.id, requestId }));
      if (marked.state !== "written") continue;
      const written = await accepted("delete", marked.resource, principal, requestId);
      await reconciler.settled(kind, name);
      return written;
    }
    return tooManyRaces();
  }

  async function find(principal: Principal, name: string, verb: Verb, absent: string): Promise<Found<K> | Refusal> {
    const resource = await store.get(kind, name);
    if (!resource || resource.deleting) return refused("absent", absent);
    // Nobody may write it here: whoever sees it is told where.
    const isManaged = managerOf(resource.body) === "kubernetes";
    if (!access.may(principal, isManaged ? "read" : verb, resource.body)) {
      return refused("forbidden", `You do not have permission to ${verb} this ${noun}.`);
    }
    return isManaged && verb === "write" ? managedElsewhere(noun) : { state: "found", resource };
  }

  /** Resolves when this gateway's data plane sees the write too, so that the caller can use what it was just told of. */
  async function accepted(
    action: string,
    resource: Resource<K>,
    principal: Principal,
    requestId: string,
  ): Promise<Written<K>> {
    const { name, revision } = resource;
    events.resourceWritten({ action, kind, name, revision, by: principal.id, requestId, author: "client" });
    await reconciler.observe(kind, name);
    return { state: "written", resource };
  }

  /** Of a write without an answer nobody knows whether it was made: whoever needs to know looks again. */
  async function asked<Answer>(name: string, write: Promise<Answer>): Promise<Answer> {
    try {
      return await write;
    } catch (error) {
      void reconciler.observe(kind, name);
      throw error;
    }
  }

  function stale(): Refusal {
    return refused("stale", `The ${noun} was changed since you read it. Read it again, then repeat the change.`);
  }

  function tooManyRaces(): Refusal {
    return refused("exists", `The ${noun} was changed by others at the same moment. Try again.`);
  }
}

function managedElsewhere(noun: string): Refusal {
  return refused(
    "managed",
    `The ${noun} is managed by Kubernetes: change or delete its StatefulSet or pods with kubectl.`,
  );
}

export function misnamed(kind: Kind): Refusal {
  const { noun } = words[kind];
  return refused("invalid", `${noun.charAt(0).toUpperCase()}${noun.slice(1)} name in URL and body must match.`);
}

/** What people call a kind, and the answer when another of the kind has the name. */
const words: Record<Kind, { article: string; noun: string; taken: string }> = {
  adapter: { article: "an", noun: "adapter", taken: "The adapter with the same name already exist." },
  tool: { article: "a", noun: "tool", taken: "The tool with the same name already exists." },
  server: { article: "a", noun: "virtual server", taken: "The virtual server with the same name already exists." },
};
