import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Complaint, readComplaints } from "./complaints.ts";
import { type SuiteName, suiteNames, suites } from "./suites.ts";
import { parseSummary, type Summary } from "./summary.ts";

export type SuiteResult = Summary & { complaints: Complaint[] };

const suiteTimeoutMs = 180_000;
const outputTailChars = 2000;
const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

/**
 * Runs all suites, one after the other, against the MCP server at `url`; it has to be a loopback address, because one
 * scenario tests the protection against DNS rebinding. A check that fails is a count. Throws if a suite gives no result,
 * or none within `timeoutMs`.
 */
export async function suiteCounts(url: string, timeoutMs = suiteTimeoutMs): Promise<Record<SuiteName, SuiteResult>> {
  const results: [SuiteName, SuiteResult][] = [];
  for (const name of suiteNames) results.push([name, await runSuite(url, name, timeoutMs)]);
  return Object.fromEntries(results) as Record<SuiteName, SuiteResult>;
}

/** Runs one suite. The suites need `fs.globSync`, which Node 20 lacks, so they run under Bun. */
export async function runSuite(url: string, name: SuiteName, timeoutMs = suiteTimeoutMs): Promise<SuiteResult> {
  const suite = suites[name];
  const program = join(modules, suite.package, "dist/index.js");
  await using directory = await temporaryDirectory();
  const child = Bun.spawn([process.execPath, program, "server", "--url", url, ...suite.args, "-o", directory.path], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const tail = `${output}\n${errors}`.slice(-outputTailChars);
  // The exit code says no more than the counts; a signal says that the suite did not end by itself.
  if (child.signalCode !== null)
    throw new Error(`${name}: ended by ${child.signalCode} within ${timeoutMs} ms\n${tail}`);
  try {
    return { ...parseSummary(output), complaints: await readComplaints(directory.path) };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}\n${tail}`, { cause: error });
  }
}

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), "conformance-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
