import { basename, dirname, join } from "node:path";
import { Glob } from "bun";
import { z } from "zod";

/** A check that did not pass. A warning counts neither as passed nor as failed, so a lost pass shows here. */
export type Complaint = { scenario: string; check: string; status: "FAILURE" | "WARNING"; reason: string };

const Checks = z.array(z.object({ id: z.string(), status: z.string(), errorMessage: z.string().optional() }));

/** Reads what a suite wrote with -o: a directory per scenario, `server-<scenario>-<time>`, with checks.json inside. */
export async function readComplaints(directory: string): Promise<Complaint[]> {
  const complaints: Complaint[] = [];
  for (const path of [...new Glob("*/checks.json").scanSync(directory)].toSorted()) {
    const scenario = basename(dirname(path)).replace(/^server-(.*)-\d{4}-\d\d-\d\dT.*$/u, "$1");
    for (const { id, status, errorMessage } of Checks.parse(await Bun.file(join(directory, path)).json())) {
      if (status !== "FAILURE" && status !== "WARNING") continue;
      complaints.push({ scenario, check: id, status, reason: errorMessage?.trim() ?? "" });
    }
  }
  return complaints;
}
