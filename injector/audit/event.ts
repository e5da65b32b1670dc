import type { Draft } from "../../gateway/runtime/kubernetes/api/object-meta.ts";
import type { Event } from "../../gateway/runtime/kubernetes/api/objects.ts";
import type { Pod } from "../../gateway/runtime/kubernetes/api/pod.ts";

const component = "mcp-gateway-injector";
const message =
  "This pod has no guard, so the gateway sends it nothing: it was made while nobody asked the injector. Delete it, so that it is made again.";

/** What `kubectl describe` shows of such a pod. Its name follows from the pod, so that it cannot be there twice. Pure. */
export function missingGuardEvent({ metadata }: Pod, instance: string, nowMs: number): Draft<Event> {
  const { name, namespace, uid, resourceVersion } = metadata;
  const at = new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z");
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `missing-guard.${uid}`, ...(namespace && { namespace }) },
    involvedObject: { apiVersion: "v1", kind: "Pod", name, uid, resourceVersion, ...(namespace && { namespace }) },
    type: "Warning",
    reason: "MissingGuard",
    message,
    source: { component },
    reportingComponent: component,
    reportingInstance: instance,
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}
