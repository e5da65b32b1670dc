import { authoritiesIn, type Certificate, type Leaf } from "./certificate.ts";
import { type Held, heldIn, textsOf } from "./held.ts";
import type { Issuer } from "./issue.ts";
import type { CertificateLimits } from "./limits.ts";
import { leafToServe, nextStep, type Step, type View } from "./plan.ts";
import type { Pair } from "./pair.ts";
import type { Seen, SharedState, Written } from "./shared-state.ts";

export type KeeperEvents = {
  /** In the Secret, by this injector. */
  certificateKept(what: { step: Step["step"]; why: string }): unknown;
  authoritiesPublished(count: number): unknown;
};

export type Keeper = {
  /** Looks, does what there is to do, and shows what is to be shown. Gives what cannot be done now, in words. */
  look(): Promise<string | undefined>;
};

/**
 * Keeps certificates in a Secret that all injectors share, and their authorities in the webhook configuration. Any number of
 * them do the same without a leader: whoever writes first wins, and the others look again.
 */
export function certificateKeeper({
  state,
  issuer,
  names,
  limits,
  now,
  elapsed,
  serve,
  events,
}: {
  state: SharedState;
  issuer: Issuer;
  /** That a leaf has to be for. */
  names: readonly string[];
  limits: CertificateLimits;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Milliseconds of a clock that never goes back. */
  elapsed: () => number;
  serve: (pair: Pair) => void;
  events: KeeperEvents;
}): Keeper {
  /** When an authority was first seen to be trusted, of those that are. */
  const trustedSinceMs = new Map<string, number>();
  let serving: Leaf | undefined;
  return { look };

  async function look(): Promise<string | undefined> {
    for (let steps = 0; steps < limits.maxSteps; steps++) {
      const read = await state.read();
      if (read.state === "failed") return read.why;
      const { seen } = read;
      const view = viewOf(seen);
      show(leafToServe(view, now()));
      const step = nextStep(view, limits, now());
      if (step.step === "rest") return seen.configuration.state === "unknown" ? seen.configuration.why : undefined;
      const written = await take(step, seen, view.held);
      if (written.state === "failed") return written.why;
    }
    return "others change the certificates again and again";
  }

  function viewOf({ texts, configuration }: Seen): View {
    const held = heldIn(texts, names);
    if (configuration.state === "unknown") return { held, trusted: undefined, settled: settledNow(), serving };
    const trusted = configuration.bundles.map(({ pem }) => authoritiesIn(pem));
    observe(trusted);
    return { held, trusted, settled: settledNow(), serving };
  }

  function observe(trusted: readonly (readonly Certificate[])[]): void {
    const everywhere = trusted
      .map((all) => new Set(all.map(({ fingerprint }) => fingerprint)))
      .reduce((some, others) => some.intersection(others));
    for (const fingerprint of trustedSinceMs.keys()) {
      if (!everywhere.has(fingerprint)) trustedSinceMs.delete(fingerprint);
    }
    for (const fingerprint of everywhere) trustedSinceMs.getOrInsertComputed(fingerprint, elapsed);
  }

  function settledNow(): Set<string> {
    const settledMs = elapsed() - limits.settleMs;
    return new Set(
      [...trustedSinceMs].flatMap(([fingerprint, sinceMs]) => (sinceMs <= settledMs ? [fingerprint] : [])),
    );
  }

  function show(leaf: Leaf | undefined): void {
    if (!leaf || leaf.fingerprint === serving?.fingerprint) return;
    serve({ cert: leaf.pem, key: leaf.key, untilMs: leaf.untilMs });
    serving = leaf;
  }

  async function take(step: Exclude<Step, { step: "rest" }>, seen: Seen, held: Held): Promise<Written> {
    if (step.step === "publish") {
      const written = await state.publish(seen, step.bundle.map(({ pem }) => pem).join(""));
      if (written.state === "written") events.authoritiesPublished(step.bundle.length);
      return written;
    }
    const written = await state.writeSecret(seen, textsOf(await changed(step, held)));
    const why = "why" in step ? step.why : "";
    if (written.state === "written") events.certificateKept({ step: step.step, why });
    return written;
  }

  async function changed(
    step: Exclude<Step, { step: "rest" | "publish" }>,
    held: Held,
  ): Promise<Omit<Held, "unusable">> {
    switch (step.step) {
      case "begin": {
        const authority = await issuer.authority();
        return { authority, next: undefined, leaf: await issuer.leaf(authority), previous: step.previous };
      }
      case "renew":
        return { ...held, leaf: held.authority && (await issuer.leaf(held.authority)) };
      case "prepare":
        return { ...held, next: await issuer.authority() };
      case "promote": {
        const { next } = held;
        return { authority: next, next: undefined, leaf: next && (await issuer.leaf(next)), previous: step.previous };
      }
      case "mend":
        return { ...held, next: step.next, previous: step.previous };
      case "forget":
        return { ...held, previous: step.previous };
    }
  }
}
