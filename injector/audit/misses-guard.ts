import type { Pod } from "../../gateway/runtime/kubernetes/api/pod.ts";
import { hasGuard } from "../pod/with-guard.ts";

/** Of an adapter's pod that has not opted out: it has no guard, and is not about to go, or over, either. Pure. */
export function missesGuard({ metadata, spec, status }: Pod): boolean {
  const isOver = status?.phase === "Succeeded" || status?.phase === "Failed";
  return !hasGuard(spec) && metadata.deletionTimestamp === undefined && !isOver;
}
