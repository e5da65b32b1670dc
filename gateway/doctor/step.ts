import type { FindingWord } from "../../openapi/diagnosis.ts";
import { advice } from "./advice.ts";

/** What came of a step, and what it means. `got` says what came; of a skipped step, why it was. */
export type Finding =
  | { readonly outcome: "ok" | "skipped"; readonly got: string }
  | {
      readonly outcome: "warning" | "failed";
      readonly word: FindingWord;
      readonly got: string;
      readonly advice: string;
    };

/** A finding, and what later steps can build on. */
export type Found<Known> = Finding & { readonly learned?: Partial<Known> };

/** One step of a client's way: what is looked at, what should come, and how it is found out. */
export type Step<Known> = {
  readonly id: string;
  readonly title: string;
  readonly expected: string;
  /** Why it is not taken, by what is known when its turn comes; undefined: it is. */
  readonly unless?: (known: Known) => string | undefined;
  readonly take: (known: Known) => Found<Known> | Promise<Found<Known>>;
};

export const ok = (got: string): Finding => ({ outcome: "ok", got });
export const skipped = (why: string): Finding => ({ outcome: "skipped", got: why });

export const warning = (word: FindingWord, got: string): Finding => ({
  outcome: "warning",
  word,
  got,
  advice: advice[word],
});

export const failed = (word: FindingWord, got: string): Finding => ({
  outcome: "failed",
  word,
  got,
  advice: advice[word],
});
