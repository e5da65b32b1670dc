import { z } from "zod";
import type { Operation } from "./patch.ts";

/** What an API server asks, as far as it matters here. Of a dry run nothing is different: nothing is changed but the answer. */
export type AdmissionRequest = {
  /** Of group, version and kind: `v1/Pod`. */
  readonly kind: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly operation: string;
  readonly namespace: string;
  /** Empty where the server is yet to find one: then the object says what it begins with. */
  readonly name: string;
  /** Whatever it is. */
  readonly object: unknown;
};

/**
 * `review`: can be decided. `refused`: somebody waits for a review of this uid, but what came with it is none that is understood.
 * `unreadable`: nobody can be answered. Both say why, in a sentence.
 */
export type Read =
  | { readonly state: "review"; readonly uid: string; readonly request: AdmissionRequest }
  | { readonly state: "refused"; readonly uid: string; readonly why: string }
  | { readonly state: "unreadable"; readonly why: string };

/** `admission.k8s.io/v1`, as https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers has it. */
export type AdmissionReview = {
  readonly apiVersion: typeof version;
  readonly kind: typeof kind;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patchType?: "JSONPatch";
    /** Base64. */
    readonly patch?: string;
    readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  };
};

const version = "admission.k8s.io/v1";
const kind = "AdmissionReview";

/** A review in a request's body, which may be anything. */
export function readReview(body: string): Read {
  const value = parsed(body);
  if (value === undefined) return { state: "unreadable", why: "The body is no JSON." };
  const addressed = Addressed.safeParse(value);
  if (!addressed.success) return { state: "unreadable", why: "The body is no AdmissionReview with a uid." };
  const { uid } = addressed.data.request;
  const review = Review.safeParse(value);
  if (!review.success) {
    const [issue] = review.error.issues;
    return {
      state: "refused",
      uid,
      why: `The review cannot be understood: ${issue?.path.map(String).join(".")} is not as in ${version}.`,
    };
  }
  const { request } = review.data;
  const { group, version: objectVersion, kind: objectKind } = request.kind;
  return {
    state: "review",
    uid,
    request: {
      kind: `${group ? `${group}/` : ""}${objectVersion}/${objectKind}`,
      subresource: request.subResource ?? "",
      operation: request.operation,
      namespace: request.namespace ?? "",
      name: request.name ?? "",
      object: request.object,
    },
  };
}

export function allowed(uid: string, patch: readonly Operation[]): AdmissionReview {
  const changes =
    patch.length === 0
      ? {}
      : ({ patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") } as const);
  return answer({ uid, allowed: true, ...changes });
}

/** `message` is what kubectl shows, and what a StatefulSet's Events say. */
export function denied(uid: string, message: string): AdmissionReview {
  return answer({ uid, allowed: false, status: { code: 403, reason: "Forbidden", message } });
}

/** That it is refused is not the pod's fault. */
export function failed(uid: string, message: string): AdmissionReview {
  return answer({ uid, allowed: false, status: { code: 500, reason: "InternalError", message } });
}

function answer(response: AdmissionReview["response"]): AdmissionReview {
  return { apiVersion: version, kind, response };
}

/** Kubernetes' own are 36 characters. */
const maxUidLength = 253;

const Addressed = z.object({ request: z.object({ uid: z.string().min(1).max(maxUidLength) }) });

const Review = z.object({
  apiVersion: z.literal(version),
  kind: z.literal(kind),
  request: z.object({
    kind: z.object({ group: z.string().nullish(), version: z.string(), kind: z.string() }),
    subResource: z.string().nullish(),
    operation: z.string(),
    namespace: z.string().nullish(),
    name: z.string().nullish(),
    object: z.unknown(),
  }),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
