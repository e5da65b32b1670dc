import { type ReviewSettings, review } from "../../injector/webhook/review.ts";
import type { AnyOperation } from "./json-patch.ts";

export const settings: ReviewSettings = {
  namespace: "adapter",
  guard: {
    image: "registry.example.com/mcp-gateway:1",
    variables: { LOG_LEVEL: "info", OTEL_RESOURCE_ATTRIBUTES: "team=$(TEAM)" },
  },
};

export const uid = "705ab4f5-6393-11e8-b7cc-42010a800002";

/** As an API server sends it when somebody creates this pod. */
export function reviewOf(object: unknown, changes: object = {}) {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      requestKind: { group: "", version: "v1", kind: "Pod" },
      requestResource: { group: "", version: "v1", resource: "pods" },
      namespace: "adapter",
      operation: "CREATE",
      userInfo: { username: "admin", groups: ["system:authenticated"] },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
      ...changes,
    },
  };
}

/** What comes of it: the operations of a patch, or why there is none. */
export type Outcome =
  { patch: readonly AnyOperation[] } | { skip: string } | { deny: string; message: string | undefined };

export function outcomeOf(object: unknown, changes: object = {}): Outcome {
  const reviewed = review(JSON.stringify(reviewOf(object, changes)), settings);
  if (reviewed.state !== "answered") throw new Error(reviewed.why);
  const { answer, outcome } = reviewed;
  const { response } = answer;
  if (response.patch !== undefined) return { patch: operationsIn(response.patch) };
  if (response.allowed) return { skip: outcome.reason };
  return { deny: outcome.reason, message: response.status?.message };
}

export function operationsIn(patch: string): AnyOperation[] {
  return JSON.parse(Buffer.from(patch, "base64").toString()) as AnyOperation[];
}

/** A pod of the adapter `weather`. */
export function podOf({
  spec = {},
  labels = {},
  annotations = {},
}: { spec?: object; labels?: object; annotations?: object } = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "weather-0",
      namespace: "adapter",
      labels: { "mcp-gateway/adapter": "weather", ...labels },
      annotations,
    },
    spec: { containers: [{ name: "server", image: "weather:1", ports: [{ containerPort: 8080 }] }], ...spec },
  };
}
