import type { Endpoint } from "../runtime/runtime.ts";
import type { Resource } from "../store/store.ts";
import type { Message } from "./message.ts";
import type { Replicas } from "./replicas.ts";
import type { Scope, Seal, SealFailure } from "./seal.ts";

/** Where a request goes: to the replica its session lives on, or to one of those that are ready, by a hash of `key`. */
export type Route =
  | { state: "pinned"; endpoint: Endpoint; session: string; sealed: string }
  | { state: "placed"; key: string }
  | { state: "lost"; sealed: string; reason: LostReason };

/** Why a session is not there. `forgotten`: its server says so. */
export type LostReason = SealFailure | "replica-gone" | "forgotten";

/**
 * Hash to place, seal to pin. A modern request has no session, whatever its headers say. A new session is placed by
 * chance, since a principal's name as key would pile its sessions on one replica; other requests without a session stay
 * with the principal, so that servers which keep state per process work (they are not meant to, and do).
 */
export function routeOf(
  message: Message,
  sealed: string | null,
  adapter: Resource<"adapter">,
  scope: Scope,
  { replicas, seal, nonce }: { replicas: Pick<Replicas, "pinned">; seal: Pick<Seal, "open">; nonce: () => string },
): Route {
  if (sealed === null || message.era === "modern") {
    const byChance = message.method === "initialize" || adapter.body.affinity === "none";
    return { state: "placed", key: byChance ? nonce() : `${scope.adapterUid}|${scope.principalKey}` };
  }
  const pin = seal.open(sealed, scope);
  if (typeof pin === "string") return { state: "lost", sealed, reason: pin };
  const endpoint = replicas.pinned(adapter.name, pin.replica);
  if (!endpoint) return { state: "lost", sealed, reason: "replica-gone" };
  return { state: "pinned", endpoint, session: pin.session, sealed };
}
