export type Counts = { passed: number; failed: number };
export type Summary = Counts & { scenarios: Record<string, Counts> };

/**
 * Reads the summary that ends a suite's output: one line per scenario, then the total.
 * Throws if there is none, or if the lines do not add up to the total: then the format is not the one known here.
 */
export function parseSummary(output: string): Summary {
  const lines = output.split("=== SUMMARY ===").at(-1)?.split("\n") ?? [];
  const scenarios: Record<string, Counts> = {};
  for (const line of lines) {
    const [, name, passed, failed] = /^[✓✗] (\S+): (\d+) passed, (\d+) failed$/u.exec(line) ?? [];
    if (name !== undefined) scenarios[name] = { passed: Number(passed), failed: Number(failed) };
  }
  const total = /^Total: (\d+) passed, (\d+) failed$/mu.exec(lines.join("\n"));
  if (!total) throw new Error("The suite ended without a summary");
  const counts = { passed: Number(total[1]), failed: Number(total[2]) };
  const summed = sumOf(Object.values(scenarios));
  if (summed.passed !== counts.passed || summed.failed !== counts.failed) {
    throw new Error(`The scenarios add up to ${summed.passed}/${summed.failed}, the total says ${total[0]}`);
  }
  return { ...counts, scenarios };
}

function sumOf(counts: Counts[]): Counts {
  return {
    passed: counts.reduce((sum, each) => sum + each.passed, 0),
    failed: counts.reduce((sum, each) => sum + each.failed, 0),
  };
}
