import { guardPort } from "../../../../injector/pod/names.ts";
import type { Workload } from "../../runtime.ts";
import { labelsOf, selectorOf, uidAnnotation } from "./labels.ts";
import type { Service } from "./shapes.ts";
import { guardOf, type ObjectSettings, portName, serviceName, servicePort } from "./workload.ts";

/**
 * The Service whose EndpointSlices the gateway routes by. An adapter's is headless, for its sessions are bound to a replica; a
 * tool's has an address, for whoever calls it past the gateway. Addresses that are not ready are not published: a replica that
 * is ending is listed all the same, as serving and terminating, and one that is starting takes no requests. Where there are guards the Service leads to them: a pod without one has nothing to reach there.
 */
export function serviceFor(workload: Workload, settings: ObjectSettings): Service {
  const { kind, name, port } = workload;
  const targetPort = guardOf(workload, settings) ? guardPort : port;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: serviceName(name),
      namespace: settings.namespace,
      labels: labelsOf(workload, settings),
      annotations: { [uidAnnotation]: workload.uid },
    },
    spec: {
      type: "ClusterIP",
      ...(kind === "adapter" && { clusterIP: "None" }),
      selector: selectorOf(workload),
      ports: [{ name: portName(kind), port: servicePort, targetPort, protocol: "TCP", appProtocol: "http" }],
    },
  };
}
