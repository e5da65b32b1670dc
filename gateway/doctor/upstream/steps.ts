import type { Known } from "../known.ts";
import type { Step } from "../step.ts";
import type { UpstreamParts } from "./parts.ts";
import { replicaSteps } from "./replica.ts";

/** The first of those replicas that are ready, each asked directly. */
export function upstreamSteps(parts: UpstreamParts): Step<Known>[] {
  const ready = parts.endpoints.filter(({ state }) => state === "ready");
  return ready.slice(0, parts.limits.replicas).flatMap((endpoint) => replicaSteps(endpoint, parts));
}
