import { type GuardSettings, withGuard } from "../pod/with-guard.ts";
import { type Decision, decide } from "./decide.ts";
import { type AdmissionRequest, type AdmissionReview, allowed, denied, failed, readReview } from "./envelope.ts";
import { patchFrom } from "./patch.ts";
import type { DenyReason, SkipReason } from "./reasons.ts";

/** `not-understood`: no review of a version that is known. `failed`: a bug. */
export type Outcome =
  | { readonly result: "inject"; readonly reason: "guarded" }
  | { readonly result: "skip"; readonly reason: SkipReason }
  | { readonly result: "deny"; readonly reason: DenyReason }
  | { readonly result: "error"; readonly reason: "not-understood" | "failed"; readonly error?: unknown };

/** `unreadable`: there is nobody to answer, only somebody to tell why. */
export type Reviewed =
  | {
      readonly state: "answered";
      readonly answer: AdmissionReview;
      readonly outcome: Outcome;
      /** As far as it is known, for the log. */
      readonly pod: string;
    }
  | { readonly state: "unreadable"; readonly why: string };

export type ReviewSettings = {
  /** Where adapters are. */
  readonly namespace: string;
  readonly guard: GuardSettings;
};

/** From the body of an API server's request to that of the answer. Whatever the body is, it does not throw. */
export function review(body: string, { namespace, guard }: ReviewSettings): Reviewed {
  const read = readReview(body);
  if (read.state === "unreadable") return read;
  const { uid } = read;
  if (read.state === "refused") {
    const outcome = { result: "error", reason: "not-understood" } as const;
    return { state: "answered", answer: denied(uid, read.why), outcome, pod: "" };
  }
  const pod = nameOf(read.request);
  try {
    const decision = decide(read.request, namespace);
    return { state: "answered", answer: answerTo(decision, uid, guard), outcome: outcomeOf(decision), pod };
  } catch (error) {
    const answer = failed(uid, "The injector failed at this pod: its log says how.");
    return { state: "answered", answer, outcome: { result: "error", reason: "failed", error }, pod };
  }
}

function answerTo(decision: Decision, uid: string, guard: GuardSettings): AdmissionReview {
  if (decision.action === "skip") return allowed(uid, []);
  if (decision.action === "deny") return denied(uid, decision.message);
  const { pod, guarded } = decision;
  return allowed(uid, patchFrom(pod, { ...pod, spec: withGuard(pod.spec, guarded, guard) }));
}

function outcomeOf(decision: Decision): Outcome {
  if (decision.action === "inject") return { result: "inject", reason: "guarded" };
  if (decision.action === "skip") return { result: "skip", reason: decision.reason };
  return { result: "deny", reason: decision.reason };
}

/** As Kubernetes has it. */
const maxNameLength = 253;

function nameOf({ name, object }: AdmissionRequest): string {
  const { metadata } = (object ?? {}) as { metadata?: { generateName?: unknown } | null };
  const begins = typeof metadata?.generateName === "string" ? `${metadata.generateName}…` : "";
  return (name || begins).slice(0, maxNameLength);
}
