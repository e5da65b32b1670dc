import { endMarked } from "./orphans.ts";

/**
 * Ends whatever a process left running, programs that made themselves a session of their own included. They are known by the
 * value of a variable that the process and its children have. Processes that end at the same time share one look through the
 * process table.
 */
export function leftoversOf(variable: string, graceMs: number): (value: string) => Promise<void> {
  let waiting = new Set<string>();
  let next: Promise<void> | undefined;

  async function endAll(): Promise<void> {
    await Promise.resolve();
    const marks = waiting;
    waiting = new Set();
    next = undefined;
    await endMarked(marks, graceMs);
  }

  return (value) => {
    waiting.add(`${variable}=${value}`);
    next ??= endAll();
    return next;
  };
}
