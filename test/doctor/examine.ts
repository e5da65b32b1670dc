import { rootCertificates } from "node:tls";
import type { Diagnosis, DiagnosisStep } from "../../openapi/diagnosis.ts";
import { machineNetwork } from "../../gateway/doctor/client/network.ts";
import { type DoctorLimits, usualLimits } from "../../gateway/doctor/limits.ts";
import { runDoctor } from "../../gateway/doctor/program.ts";

/** Short enough for tests, long enough for a machine that is busy. */
export const quickLimits: DoctorLimits = {
  ...usualLimits,
  answerMs: 3_000,
  documentMs: 2_000,
  connectMs: 2_000,
  streamStartMs: 1_000,
  watchMs: 150,
  glanceMs: 50,
  tellMs: 500,
  pinCalls: 4,
};

export type Examined = {
  readonly code: number;
  readonly out: string;
  readonly complaint: string;
};

/** Runs the program in this process. `files` are what it finds by path. */
export async function run(
  args: readonly string[],
  { files = {}, limits = quickLimits }: { files?: Record<string, string>; limits?: DoctorLimits } = {},
): Promise<Examined> {
  const lines: string[] = [];
  const complaints: string[] = [];
  const code = await runDoctor(args, {
    fetch,
    network: machineNetwork,
    usualCa: rootCertificates,
    async readText(path) {
      const text = files[path];
      if (text === undefined) throw new Error("no such file");
      return text;
    },
    now: Date.now,
    newId: () => crypto.randomUUID(),
    out: (line) => lines.push(line),
    complain: (line) => complaints.push(line),
    limits,
    signal: new AbortController().signal,
  });
  return { code, out: lines.join("\n"), complaint: complaints.join("\n") };
}

export type Given = { token?: string; args?: readonly string[]; files?: Record<string, string>; limits?: DoctorLimits };

/** What the doctor finds at this URL from outside. Fails where it says a token. */
export async function examine(
  url: string | URL,
  { token, args = [], files = {}, limits }: Given = {},
): Promise<Diagnosis> {
  const withToken = token === undefined ? [] : ["--token", "token.txt"];
  const given = { ...files, ...(token !== undefined && { "token.txt": `${token}\n` }) };
  const { out, complaint } = await run([String(url), "--json", ...withToken, ...args], { files: given, limits });
  if (complaint) throw new Error(complaint);
  if (token !== undefined && out.includes(token.split(".")[2] ?? token)) throw new Error("the token is shown");
  return JSON.parse(out) as Diagnosis;
}

/** What was found wrong, as `step: word`; what only is to be known has a question mark. */
export function faults({ steps }: Pick<Diagnosis, "steps">): string[] {
  return steps
    .filter(({ finding }) => finding !== null)
    .map(({ id, finding, outcome }) => `${id}: ${finding}${outcome === "warning" ? "?" : ""}`);
}

export function stepOf({ steps }: Diagnosis, id: string): DiagnosisStep {
  const step = steps.find((one) => one.id === id);
  if (!step) throw new Error(`there is no step ${id}`);
  return step;
}

/** The steps that were taken. */
export function takenIn({ steps }: Diagnosis): string[] {
  return steps.filter(({ outcome }) => outcome !== "skipped").map(({ id }) => id);
}
