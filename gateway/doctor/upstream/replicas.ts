import type { WorkloadStatus } from "../../../openapi/workload.ts";
import type { Known } from "../known.ts";
import { failed, type Found, ok, type Step, warning } from "../step.ts";
import { plural } from "../words.ts";
import type { UpstreamParts } from "./parts.ts";

/** How the adapter's replicas are, as the runtime tells. */
export function replicasStep({ endpoints, replicaCount, status }: UpstreamParts): Step<Known> {
  return {
    id: "replicas",
    title: "Replicas",
    expected: "As many replicas are ready as are wanted",
    async take() {
      const ready = endpoints.filter(({ state }) => state === "ready").length;
      return replicasFound(ready, replicaCount, await status());
    },
  };
}

export function replicasFound(ready: number, wanted: number, status: WorkloadStatus | undefined): Found<Known> {
  const got = `${ready} of ${plural(wanted, "replica")} ready${reasonsIn(status)}.`;
  if (ready === 0) return { ...failed("no-replica-ready", got), learned: { unready: "No replica is ready." } };
  return ready < wanted ? warning("replicas-missing", got) : ok(got);
}

const maxReasons = 5;

function reasonsIn(status: WorkloadStatus | undefined): string {
  if (!status) return "";
  const reasons = [
    ...(status.reason === null ? [] : [status.reason]),
    ...status.replicas.flatMap(({ name, state, reason }) =>
      reason === null ? [] : [`${name} is ${state}: ${reason}`],
    ),
  ];
  return reasons.length > 0 ? `. ${reasons.slice(0, maxReasons).join("; ")}` : "";
}
