import type { ObjectSettings } from "../../../../gateway/runtime/kubernetes/objects/workload.ts";
import type { Workload } from "../../../../gateway/runtime/runtime.ts";

export const settings: ObjectSettings = {
  namespace: "adapter",
  registry: "registry.example.com/mcp",
  gatewayName: "mcp-gateway",
  serviceAccount: "workload-sa",
  guard: undefined,
};

export const guard: ObjectSettings["guard"] = {
  image: "registry.example.com/mcp-gateway:0.1.0",
  variables: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" },
};

export function clusterWorkload(changes: Partial<Workload> = {}): Workload {
  return {
    kind: "adapter",
    name: "weather",
    uid: "0197c4b2-0000-7000-8000-000000000001",
    imageName: "mcp-example",
    imageVersion: "1.0.0",
    environment: {},
    replicaCount: 2,
    port: 8000,
    pod: null,
    useWorkloadIdentity: false,
    revision: 1,
    ...changes,
  };
}
