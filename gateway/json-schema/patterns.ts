import { RE2JS } from "re2js";
import type { Budget } from "./budget.ts";
import { cut } from "./words.ts";

const maxPatternLength = 4096;
/** Of RE2's program: what a short pattern with large counts grows to. */
const maxInstructions = 20_000;

/** A pattern that is not taken, and why. */
export class PatternProblem extends Error {}

type Pattern = { test(text: string): boolean; toString(): string };

/**
 * Patterns as a JSON Schema writes them (ECMA-262), in RE2's engine: its work grows with the text, never exponentially.
 * What needs backtracking, lookaround and back-references, is refused.
 */
export function linearPatterns(budget: Budget): ((pattern: string) => Pattern) & { code: string } {
  return Object.assign((pattern: string) => patternOf(pattern, budget), { code: "linearPattern" });
}

function patternOf(pattern: string, budget: Budget): Pattern {
  if (pattern.length > maxPatternLength) {
    throw new PatternProblem(`The pattern ${cut(pattern)} is longer than ${maxPatternLength} characters.`);
  }
  const compiled = compile(pattern);
  const instructions = compiled.programSize();
  if (instructions > maxInstructions) throw new PatternProblem(`The pattern ${cut(pattern)} is too large.`);
  return {
    test(text) {
      budget.spendOn(text.length + 1, instructions);
      return compiled.test(text);
    },
    // Ajv tells patterns apart by it.
    toString: () => pattern,
  };
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error);
    throw new PatternProblem(`The pattern ${cut(pattern)} is not one of RE2's: ${cut(reason)}.`);
  }
}
