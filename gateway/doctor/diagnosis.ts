import type { Diagnosis, DiagnosisStep } from "../../openapi/diagnosis.ts";
import { failed, type Finding, type Step, skipped } from "./step.ts";
import { plural } from "./words.ts";

const maxTextLength = 600;

/**
 * Takes the steps one after the other, each with what those before it have learned, and gives each as it ends. When `signal`
 * fires, the rest is skipped. `hide` takes secrets out of whatever is said.
 */
export async function* takenSteps<Known extends object>(
  steps: readonly Step<Known>[],
  nothing: Known,
  { now, hide, signal }: { now: () => number; hide: (text: string) => string; signal: AbortSignal },
): AsyncGenerator<DiagnosisStep> {
  let known = nothing;
  let isOver = false;
  for (const step of steps) {
    const startMs = now();
    const { learned, ...finding } = isOver ? left : await taken(step, known);
    if (learned) known = { ...known, ...learned };
    // What came of a step that was broken off says nothing.
    const told = signal.aborted && !isOver ? brokenOff : finding;
    isOver = signal.aborted;
    yield reported(step, told, Math.round(now() - startMs), hide);
  }
}

const brokenOff = failed("time-over", "The time for the diagnosis was over.");
const left = { ...skipped("The time for the diagnosis was over."), learned: undefined };

async function taken<Known>(step: Step<Known>, known: Known) {
  const why = step.unless?.(known);
  if (why !== undefined) return { outcome: "skipped", got: why, learned: undefined } as const;
  const { learned, ...finding } = await step.take(known);
  return { ...finding, learned };
}

function reported<Known>(
  { id, title, expected }: Step<Known>,
  finding: Finding,
  durationMs: number,
  hide: (text: string) => string,
): DiagnosisStep {
  const isFault = finding.outcome === "warning" || finding.outcome === "failed";
  return {
    id,
    title,
    outcome: finding.outcome,
    finding: isFault ? finding.word : null,
    expected,
    got: printable(hide(finding.got)),
    advice: isFault ? finding.advice : null,
    durationMs,
  };
}

/** Hidden before it is cut: what is left of a secret could not be found any more. */
function printable(text: string): string {
  const plain = text.toWellFormed().replace(/\p{Cc}/gu, "?");
  return plain.length > maxTextLength ? `${plain.slice(0, maxTextLength)}…` : plain;
}

export function diagnosisOf(target: string, at: Date, steps: readonly DiagnosisStep[]): Diagnosis {
  const failures = steps.filter(({ outcome }) => outcome === "failed");
  const warnings = steps.filter(({ outcome }) => outcome === "warning");
  const outcome = failures.length > 0 ? "failed" : warnings.length > 0 ? "warning" : "ok";
  return { target, at: at.toISOString(), outcome, summary: summary(steps, failures, warnings), steps: [...steps] };
}

function summary(
  all: readonly DiagnosisStep[],
  failures: readonly DiagnosisStep[],
  warnings: readonly DiagnosisStep[],
) {
  const skipped = all.filter(({ outcome }) => outcome === "skipped").length;
  const fine = all.length - skipped - failures.length - warnings.length;
  const words = (steps: readonly DiagnosisStep[]) => [...new Set(steps.map(({ finding }) => finding))].join(", ");
  const parts = [
    failures.length > 0 ? `${failures.length} failed (${words(failures)})` : "",
    warnings.length > 0 ? `${plural(warnings.length, "warning")} (${words(warnings)})` : "",
    `${fine} ok`,
    skipped > 0 ? `${skipped} skipped` : "",
  ];
  return `${plural(all.length, "step")}: ${parts.filter(Boolean).join(", ")}.`;
}

const minSecretLength = 8;

/** Takes these secrets out of a text; of a token with dots, each part of it too. */
export function hiding(secrets: readonly string[]): (text: string) => string {
  const parts = secrets.flatMap((secret) => [secret, ...secret.split(/[.\s]/)]);
  const hidden = [...new Set(parts)]
    .filter((part) => part.length >= minSecretLength)
    .toSorted((a, b) => b.length - a.length);
  return (text) => hidden.reduce((rest, part) => rest.replaceAll(part, "[hidden]"), text);
}
