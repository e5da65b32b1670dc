import type { KeyRing } from "./assertion/key-ring.ts";
import type { Verifier } from "./auth/oidc/verifier.ts";
import type { Reconciler } from "./control-plane/reconcile.ts";
import type { Registrar } from "./control-plane/registrar.ts";
import type { Backlog } from "./control-plane/work-queue.ts";
import type { Events } from "./observe/events.ts";
import type { Endpoints, KeyBoard, Leadership } from "./runtime/runtime.ts";
import { type Kind, managerOf, type Store, workloadKinds } from "./store/store.ts";
import type { View } from "./store/view.ts";

type Watching = Pick<Events, "watched">;

/** Shows what is known of tokens and of those who issue them. */
export function identityFigures(verifier: Pick<Verifier, "remembered" | "issuers">, { watched }: Watching): Disposable {
  using opening = new DisposableStack();
  opening.use(watched("tokenCacheEntries", verifier.remembered));
  opening.use(watched("issuerKeys", () => verifier.issuers().map(({ issuer, keys }) => [issuer, keys])));
  opening.use(
    watched("issuerKeysAge", () =>
      verifier.issuers().flatMap(({ issuer, ageMs }) => (ageMs === undefined ? [] : [[issuer, ageMs / 1000]])),
    ),
  );
  return opening.move();
}

/** Shows the keys that guards know the gateway by. `now` in milliseconds since 1970. */
export function guardFigures(
  { ring, board, now }: { ring: Pick<KeyRing, "signing">; board: Pick<KeyBoard, "published">; now: () => number },
  { watched }: Watching,
): Disposable {
  using opening = new DisposableStack();
  opening.use(watched("guardKeys", () => board.published().length));
  opening.use(
    watched("guardSigningKeyAge", () => {
      const signing = board.published().find(({ kid }) => kid === ring.signing().kid);
      return signing && (now() - signing.sinceMs) / 1000;
    }),
  );
  return opening.move();
}

export type Shown = {
  readonly store: Pick<Store, "changesAgeMs">;
  readonly isStoreUp: () => boolean;
  readonly view: View;
  readonly trail: { waiting(): number };
  readonly reconciler: Pick<Reconciler, "backlog">;
  readonly registrar: Pick<Registrar, "backlog">;
  readonly leadership: Leadership;
  readonly endpoints: Endpoints;
  readonly upstreams: { readonly connections: number };
};

/** Shows the state of everything else, and lets go of what is counted of an adapter or a tool that is no more. */
export function gatewayFigures(
  shown: Shown,
  events: Pick<Events, "watched" | "workloadGone" | "placeGone" | "replicaGone">,
): Disposable {
  const { store, view, trail, reconciler, registrar, leadership, endpoints, upstreams } = shown;
  const { watched } = events;
  using opening = new DisposableStack();
  opening.use(watched("storeUp", () => Number(shown.isStoreUp())));
  opening.use(watched("changeFeedAge", () => inSeconds(store.changesAgeMs())));
  opening.use(watched("viewLag", () => view.lagMs() / 1000));
  opening.use(watched("auditWaiting", trail.waiting));

  const backlogs = () => Object.entries({ ...reconciler.backlog(), registration: registrar.backlog() });
  opening.use(watched("reconcileQueue", () => perState(backlogs(), ({ keys }) => keys)));
  opening.use(watched("reconcileLag", () => perState(backlogs(), ({ oldestMs }) => oldestMs / 1000)));
  opening.use(watched("leader", () => Number(leadership.leading())));
  opening.use(watched("resources", () => resourcesIn(view)));

  const workloads = () => workloadKinds.flatMap((kind) => view.list(kind));
  const desired = () =>
    workloads().map(({ kind, name, deleting, body }) => [kind, name, deleting ? 0 : body.replicaCount] as const);
  const ready = (name: string) => endpoints.of(name).filter(({ state }) => state === "ready").length;
  opening.use(watched("replicasDesired", desired));
  opening.use(watched("replicasReady", () => workloads().map(({ kind, name }) => [kind, name, ready(name)])));
  opening.use(watched("upstreamConnections", () => upstreams.connections));

  const unsubscribe = view.subscribe((kind, name) => {
    if (view.get(kind, name)) return;
    events.placeGone(placeOf(kind, name));
    if (kind !== "server") events.workloadGone(name);
  });
  opening.defer(unsubscribe);
  opening.defer(toldOfReplicas(endpoints, events.replicaGone));
  return opening.move();
}

/** Tells of each replica that is no more. */
function toldOfReplicas({ of, subscribe }: Endpoints, gone: (replica: string) => void): () => void {
  const known = new Map<string, readonly string[]>();
  return subscribe((adapter) => {
    const names = of(adapter).map(({ name }) => name);
    for (const name of known.get(adapter) ?? []) if (!names.includes(name)) gone(name);
    if (names.length > 0) known.set(adapter, names);
    else known.delete(adapter);
  });
}

function perState(backlogs: [string, Backlog][], figure: (of: Backlog["working"]) => number) {
  return backlogs.flatMap(([kind, { working, failing }]) => [
    [kind, "working", figure(working)] as const,
    [kind, "failing", figure(failing)] as const,
  ]);
}

function resourcesIn(view: View): (readonly [string, string, number])[] {
  return (["adapter", "tool", "server"] as const).flatMap((kind) => {
    const found = view.list(kind).filter(({ body }) => managerOf(body) === "kubernetes").length;
    const own = [kind, "gateway", view.list(kind).length - found] as const;
    return kind === "adapter" ? [own, [kind, "kubernetes", found] as const] : [own];
  });
}

/** As requests are counted by: an adapter's name, or the path of what else answers. */
function placeOf(kind: Kind, name: string): string {
  return kind === "adapter" ? name : `/${kind}s/${name}`;
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
