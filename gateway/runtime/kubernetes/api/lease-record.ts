import type { Lease, LeaseSpec } from "./objects.ts";

/** A lease, and when, by our own clock, we saw it change last. */
export type Observed = { readonly lease: Lease; readonly changedMs: number };

export function observe(before: Observed | undefined, lease: Lease, elapsedMs: number): Observed {
  const same = before && Bun.deepEquals(before.lease.spec, lease.spec);
  return { lease, changedMs: same ? before.changedMs : elapsedMs };
}

export function isHeldByOther({ lease: { spec }, changedMs }: Observed, identity: string, elapsedMs: number): boolean {
  if (!spec?.holderIdentity || spec.holderIdentity === identity) return false;
  return elapsedMs < changedMs + (spec.leaseDurationSeconds ?? 0) * 1000;
}

/** What a lease says when it is ours, from what it says now. */
export function taken(spec: LeaseSpec | undefined, identity: string, leaseSeconds: number, nowMs: number): LeaseSpec {
  const time = microTime(nowMs);
  const ours = spec?.holderIdentity === identity;
  const transitions = spec?.leaseTransitions ?? 0;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: leaseSeconds,
    acquireTime: ours ? (spec.acquireTime ?? time) : time,
    renewTime: time,
    leaseTransitions: ours || spec === undefined ? transitions : transitions + 1,
  };
}

/** Free for whoever comes next, at once. */
export function released({ leaseTransitions }: LeaseSpec, nowMs: number): LeaseSpec {
  const time = microTime(nowMs);
  return { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: time, renewTime: time, leaseTransitions };
}

/** MicroTime: the server takes exactly six digits. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
