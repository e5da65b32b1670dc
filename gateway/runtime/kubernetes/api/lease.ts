import { failureInWords } from "./answer.ts";
import type { KubeClient } from "./client.ts";
import { isHeldByOther, type Observed, observe, released, taken } from "./lease-record.ts";
import { linkedTo } from "./linked-signal.ts";
import type { Lease } from "./objects.ts";
import { pause as pauseFor } from "../../pause.ts";
import { leases } from "./resources.ts";

export type Leadership = { readonly leading: boolean; readonly holder: string | undefined };

export type ElectionOptions = {
  readonly client: Pick<KubeClient, "get" | "create" | "patch">;
  readonly namespace: string;
  readonly name: string;
  /** Of this very process: two with the same one would both lead. */
  readonly identity: string;
  /** For so long others leave a lease alone after they last saw it change. */
  readonly leaseSeconds?: number;
  /** So long after its last renewal a leader stops to be one; less than `leaseSeconds`. */
  readonly renewSeconds?: number;
  readonly retrySeconds?: number;
  /** The time of day, for others to read. */
  readonly now?: () => number;
  /** Milliseconds of a clock that never goes back, for decisions. */
  readonly elapsed?: () => number;
  readonly random?: () => number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Stops, and releases what is held: whoever leads has ended its work by then. */
  readonly signal: AbortSignal;
  /** Must not throw. */
  readonly onChange: (leadership: Leadership) => void;
};

export type Election = {
  /** Asked right before doing what only a leader may do. */
  leading(): boolean;
  /** As last seen. */
  holder(): string | undefined;
  readonly lastError: string | undefined;
  /** Resolves after the signal has aborted and the lease, if held, was released. */
  readonly done: Promise<void>;
};

/**
 * One leader among those who ask for the same Lease, as client-go has it: a lease is valid for so long after we saw it
 * change, whatever its holder's clock says. A leader that cannot renew in time knows it before the others take over.
 */
export function leaderElection({
  client,
  namespace,
  name,
  identity,
  leaseSeconds = 15,
  renewSeconds = 10,
  retrySeconds = 2,
  now = Date.now,
  elapsed = () => performance.now(),
  random = Math.random,
  pause = pauseFor,
  signal,
  onChange,
}: ElectionOptions): Election {
  const renewMs = renewSeconds * 1000;
  let observed: Observed | undefined;
  /** Since when, before it was sent, the last renewal that succeeded counts; undefined for who does not lead. */
  let renewedMs: number | undefined;
  let told: Leadership = { leading: false, holder: undefined };
  let lastError: string | undefined;

  return {
    leading,
    holder,
    get lastError() {
      return lastError;
    },
    done: run(),
  };

  function leading(): boolean {
    return renewedMs !== undefined && elapsed() < renewedMs + renewMs;
  }

  function holder(): string | undefined {
    return observed?.lease.spec?.holderIdentity || undefined;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const leftMs = renewedMs === undefined ? renewMs : Math.max(0, renewedMs + renewMs - elapsed());
      await within(leftMs, signal, takeOrRenew);
      if (!leading()) renewedMs = undefined;
      tell();
      // Those who wait come at random, up to more than twice as late.
      await pause(nextMs(), signal);
    }
    const wasLeading = leading();
    renewedMs = undefined;
    tell();
    if (wasLeading) await within(retrySeconds * 1000, undefined, release);
    tell();
  }

  function nextMs(): number {
    if (renewedMs === undefined) return retrySeconds * 1000 * (1 + 1.2 * random());
    return Math.max(0, Math.min(retrySeconds * 1000, renewedMs + renewMs - elapsed()));
  }

  /** Ends with the time given, too: a request that hangs must not keep us from knowing that we lead no more. */
  async function within(
    ms: number,
    stop: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    using limit = linkedTo(stop);
    const over = new AbortController();
    void pause(ms, over.signal).then(() => limit.abort(new Error("the lease was not renewed in time")));
    await work(limit.signal);
    over.abort();
  }

  async function takeOrRenew(signal: AbortSignal): Promise<void> {
    // A leader knows what it wrote last. Only when that is not there any more does it look.
    if (renewedMs !== undefined && observed && (await write(observed.lease, signal))) return;
    if (signal.aborted) return;
    const answer = await client.get(leases, { namespace, name, signal });
    if (answer.state === "ok") {
      see(answer.object);
      if (holder() !== identity) renewedMs = undefined;
      if (!observed || !isHeldByOther(observed, identity, elapsed())) await write(answer.object, signal);
    } else if (answer.state === "failed" && answer.status === 404) await write(undefined, signal);
    else lastError = failureInWords(answer);
  }

  async function write(lease: Lease | undefined, signal: AbortSignal): Promise<boolean> {
    const sentMs = elapsed();
    const spec = taken(lease?.spec, identity, leaseSeconds, now());
    const metadata = { name, namespace };
    const answer = lease
      ? await client.patch(leases, { namespace, name, type: "merge", signal, patch: versioned(lease, spec) })
      : await client.create(
          leases,
          { apiVersion: leases.apiVersion, kind: leases.kind, metadata, spec },
          { namespace, signal },
        );
    if (answer.state !== "ok") {
      lastError = failureInWords(answer);
      return false;
    }
    see(answer.object);
    renewedMs = sentMs;
    lastError = undefined;
    return true;
  }

  async function release(signal: AbortSignal): Promise<void> {
    // It may have been renewed by the request that the stop cut off.
    const answer = await client.get(leases, { namespace, name, signal });
    if (answer.state !== "ok" || answer.object.spec?.holderIdentity !== identity) return;
    const patch = versioned(answer.object, released(answer.object.spec, now()));
    const freed = await client.patch(leases, { namespace, name, type: "merge", signal, patch });
    if (freed.state === "ok") see(freed.object);
    else lastError = failureInWords(freed);
  }

  function see(lease: Lease): void {
    observed = observe(observed, lease, elapsed());
  }

  function tell(): void {
    const current = { leading: leading(), holder: holder() };
    if (current.leading === told.leading && current.holder === told.holder) return;
    told = current;
    onChange(current);
  }
}

/** Written only if nobody has written since. */
function versioned({ metadata: { resourceVersion, uid } }: Lease, spec: Lease["spec"]) {
  return { metadata: { resourceVersion, uid }, spec };
}
