/** Deeper nesting is nobody's document, but could be somebody's attempt at our stack. */
const maxDepth = 100;

/** Why a database cannot keep this parsed JSON, in words: jsonb takes neither NUL nor half of a surrogate pair. */
export function whyUnkeepable(value: unknown): string | undefined {
  return problemIn(value, maxDepth);
}

function problemIn(value: unknown, depthLeft: number): string | undefined {
  if (typeof value === "string") return isText(value) ? undefined : "Must be text without NUL.";
  if (typeof value !== "object" || value === null) return undefined;
  if (depthLeft === 0) return `Must not be nested deeper than ${maxDepth}.`;
  for (const [name, member] of Object.entries(value)) {
    const problem = problemIn(name, depthLeft) ?? problemIn(member, depthLeft - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}
