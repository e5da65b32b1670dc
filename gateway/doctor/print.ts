import type { Diagnosis, DiagnosisStep } from "../../openapi/diagnosis.ts";

const marks = { ok: "✓", warning: "!", failed: "✗", skipped: "–" } as const;

/** A step as lines for people: one where all is well, and what was expected and what to do where it is not. */
export function linesOf({ title, outcome, finding, expected, got, advice, durationMs }: DiagnosisStep): string[] {
  const head = `${marks[outcome]} ${title}`;
  if (outcome === "skipped") return [`${head}: not looked at. ${got}`];
  if (finding === null) return [`${head}: ${got} (${durationMs} ms)`];
  return [
    `${head}: ${finding} (${durationMs} ms)`,
    `    expected  ${expected}`,
    `    came      ${got}`,
    `    to do     ${advice}`,
  ];
}

export function lastLine({ outcome, summary }: Diagnosis): string {
  return `\n${marks[outcome]} ${summary}`;
}
