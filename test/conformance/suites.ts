/**
 * The official suites that measure a server. 0.1 is the released one, for the revisions with sessions; 0.2 adds the
 * requirements as they were frozen for 2025-11-25, and the revision without sessions.
 */
export const suites = {
  "0.1 active": { package: "conformance-0.1", args: ["--suite", "active"] },
  "0.1 all": { package: "conformance-0.1", args: ["--suite", "all"] },
  "0.2 required by 2025-11-25": { package: "conformance-0.2", args: ["--requirements", "2025-11-25"] },
  "0.2 all of 2026-07-28": { package: "conformance-0.2", args: ["--suite", "all", "--spec-version", "2026-07-28"] },
} as const satisfies Record<string, { package: string; args: string[] }>;

export type SuiteName = keyof typeof suites;
export const suiteNames = Object.keys(suites) as SuiteName[];
