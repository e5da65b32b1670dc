import { openKeyRing } from "./assertion/key-ring.ts";
import { assertionSigner } from "./assertion/signer.ts";
import type { Config } from "./config.ts";
import { type Guards, guards as guardsBy } from "./data-plane/guards.ts";
import { guardFigures } from "./figures.ts";
import type { Events } from "./observe/events.ts";
import type { Leadership, Runtime } from "./runtime/runtime.ts";

/** Where guards stand before replicas: the keys that they know the gateway by, and what it tells them. */
export async function openGuards(
  {
    config,
    secrets,
    runtime: { guarding },
    leadership,
    events,
  }: { config: Config; secrets: () => readonly string[]; runtime: Runtime; leadership: Leadership; events: Events },
  opening: AsyncDisposableStack,
): Promise<Guards | undefined> {
  if (!guarding) return undefined;
  const limits = { settleMs: config.runtime.guardKeySettleMs };
  const keys = { board: guarding.keys, leadership, secrets, limits };
  const ring = opening.use(await openKeyRing({ ...keys, now: Date.now, events }));
  opening.use(guardFigures({ ring, board: guarding.keys, now: Date.now }, events));
  const sign = assertionSigner({ key: ring.signing, now: Date.now, onMade: events.assertionMade });
  return guardsBy({ sign, guarding });
}
