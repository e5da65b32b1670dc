import { dice } from "../dice.ts";
import { dayMs, isTrusted, type Replica, replica } from "./replica.ts";
import { sharedSecret } from "./shared-secret.ts";

const startMs = Date.parse("2026-12-01T00:00:00Z");
/** How late an API server may hear of a change. */
const lateMs = 30_000;

/** Injectors that look again and again, and API servers that trust what they have heard of. */
export function stage(count: number, seed: number) {
  const clock = { nowMs: startMs, elapsedMs: 0 };
  const secret = sharedSecret();
  const replicas = Array.from({ length: count }, () => replica(secret, clock));
  const random = dice(seed);
  const bundles = [{ fromMs: startMs, pem: "" }];
  const wrong: string[] = [];
  return { clock, secret, replicas, wrong, run, look, wait, steps };

  function wait(ms: number): void {
    clock.nowMs += ms;
    clock.elapsedMs += ms;
  }

  /**
   * For so long, with pauses of seconds now and hours then. After each look whoever shows something has to be trusted, or it is in
   * `wrong`.
   */
  async function run(days: number, longestPauseMs = dayMs): Promise<void> {
    const untilMs = clock.nowMs + days * dayMs;
    while (clock.nowMs < untilMs) {
      await look(random.below(count));
      wait(random.next() < 0.3 ? random.below(20_000) : random.below(longestPauseMs));
    }
  }

  async function look(index: number): Promise<string | undefined> {
    const reason = await replicas[index]?.look();
    if (bundles.at(-1)?.pem !== secret.bundle) bundles.push({ fromMs: clock.nowMs, pem: secret.bundle ?? "" });
    for (const [at, each] of replicas.entries()) {
      const why = wrongWith(each);
      if (why !== undefined) wrong.push(`${new Date(clock.nowMs).toISOString()} ${at}: ${why}`);
    }
    return reason;
  }

  function wrongWith({ shown }: Replica): string | undefined {
    if (shown === undefined) return undefined;
    if (!isTrusted(shown, secret.bundle ?? "", clock.nowMs)) return "not trusted";
    const late = bundles.findLast(({ fromMs }) => fromMs <= clock.nowMs - lateMs)?.pem ?? "";
    return late === "" || isTrusted(shown, late, clock.nowMs) ? undefined : "not trusted yet";
  }

  /** What all of them have done, and how often. */
  function steps(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const step of replicas.flatMap((each) => each.steps)) counts[step] = (counts[step] ?? 0) + 1;
    return counts;
  }
}
