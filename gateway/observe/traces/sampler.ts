import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import type { TraceSettings } from "./settings.ts";

/** Decides on a trace that begins here; undefined: the sampler does, by the trace's id. */
export type RootDecision = (() => boolean) | undefined;

/**
 * Which traces are recorded. `parentbased_…`: whoever began the trace has decided, and where nobody has, `rootDecision` has before
 * the sampler is asked.
 */
export function samplerOf({ sampler, ratio }: Pick<TraceSettings, "sampler" | "ratio">): Sampler {
  switch (sampler) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(ratio);
    default:
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
  }
}

/** New traces of one process: enough to see what goes on, at the same cost under any load. */
const tracesPerSecond = 10;

export function rootDecision(
  { sampler, ratio }: Pick<TraceSettings, "sampler" | "ratio">,
  now = () => performance.now(),
): RootDecision {
  switch (sampler) {
    case "parentbased_few":
      return few(now);
    case "parentbased_always_on":
      return () => true;
    case "parentbased_always_off":
      return () => false;
    case "parentbased_traceidratio":
      return () => Math.random() < ratio;
    default:
      return undefined;
  }
}

function few(now: () => number): () => boolean {
  let left = tracesPerSecond;
  let countedMs = now();
  return () => {
    const nowMs = now();
    left = Math.min(tracesPerSecond, left + ((nowMs - countedMs) / 1000) * tracesPerSecond);
    countedMs = nowMs;
    if (left < 1) return false;
    left--;
    return true;
  };
}
