import { type Histogram, histogram } from "../bench/histogram.ts";
import type { Verdict } from "./oracle.ts";

export type Count = Record<Verdict["state"], number>;
/** What can be counted beside verdicts. */
export type Figure = "events" | "resumed" | "reconnected" | "initialized again" | "left on purpose";

export type Loss = { atMs: number; what: string };

export type Span = { answers: number; p50Ms: number; p99Ms: number };

export type Tally = ReturnType<typeof newTally>;

/** What happened so far. */
export function newTally() {
  const counts = new Map<string, Count>();
  const figured = new Map<Figure, number>();
  const losses: Loss[] = [];
  const whole = { latency: histogram(), answers: 0 };
  const lately = { latency: histogram(), answers: 0 };
  const reopenedMs: number[] = [];

  return {
    /** What was judged. Streams, and answers that are slow by intent, have no latency. */
    judged(kind: string, { state }: Verdict, latencyMs: number | undefined): void {
      const count = counts.get(kind) ?? { right: 0, told: 0, "in-flight": 0, lost: 0 };
      counts.set(kind, count);
      count[state]++;
      if (latencyMs === undefined) return;
      for (const span of [whole, lately]) {
        span.latency.add(latencyMs * 1000);
        span.answers++;
      }
    },
    lost: (loss: Loss): void => void losses.push(loss),
    add: (figure: Figure, by = 1): void => void figured.set(figure, (figured.get(figure) ?? 0) + by),
    /** From a session's 404 to the next one that works. */
    reopened: (afterMs: number): void => void reopenedMs.push(afterMs),

    counts: (): ReadonlyMap<string, Count> => counts,
    figure: (figure: Figure): number => figured.get(figure) ?? 0,
    losses: (): readonly Loss[] => losses,
    reopenings: (): readonly number[] => reopenedMs,
    total: (): Span => spanOf(whole),
    /** Since it was asked the last time. */
    lately(): Span {
      const span = spanOf(lately);
      lately.latency = histogram();
      lately.answers = 0;
      return span;
    },
  };
}

function spanOf({ latency, answers }: { latency: Histogram; answers: number }): Span {
  return { answers, p50Ms: latency.quantileUs(0.5) / 1000, p99Ms: latency.quantileUs(0.99) / 1000 };
}
