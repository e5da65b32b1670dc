/** One check may take so many steps; the most that a step takes is some microseconds. */
const maxSteps = 2_000_000;
/** Comparing a value's node with a schema's, or a character with a pattern's instruction, is less than a step. */
const partsPerStep = 100;

/** What one check of a value may still cost. It counts work and not time, so the same value always ends the same way. */
export type Budget = {
  refill(): void;
  /** @throws TooMuchWork */
  spend(steps: number): void;
  /** So many things, each looked at with so many others. @throws TooMuchWork */
  spendOn(things: number, others: number): void;
};

export class TooMuchWork extends Error {}

export function budgetOf(): Budget {
  let left = maxSteps;
  return { refill, spend, spendOn: (things, others) => spend(Math.ceil((things * others) / partsPerStep)) };

  function refill(): void {
    left = maxSteps;
  }

  function spend(steps: number): void {
    left -= steps;
    if (left < 0) throw new TooMuchWork();
  }
}
