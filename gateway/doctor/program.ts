import type { DiagnosisStep } from "../../openapi/diagnosis.ts";
import { type Examination, help, readArguments } from "./arguments.ts";
import type { Network } from "./client/network.ts";
import { credentialsFrom, type ReadText, Unusable } from "./credentials.ts";
import { diagnose, nothingAround, type Visit } from "./diagnose.ts";
import { diagnosisOf } from "./diagnosis.ts";
import type { DoctorLimits } from "./limits.ts";
import { lastLine, linesOf } from "./print.ts";
import { sendOverNetwork } from "./send.ts";

export type ProgramParts = {
  readonly fetch: (request: Request, init: object) => Promise<Response>;
  readonly network: (ca: readonly string[]) => Network;
  /** Roots that are trusted without being named. */
  readonly usualCa: readonly string[];
  readonly readText: ReadText;
  readonly now: () => number;
  readonly newId: () => string;
  readonly out: (line: string) => void;
  /** For what is wrong with the command line. */
  readonly complain: (line: string) => void;
  readonly limits: DoctorLimits;
  readonly signal: AbortSignal;
};

/** Does what a command line says, and resolves with the exit code. */
export async function runDoctor(given: readonly string[], parts: ProgramParts): Promise<0 | 1 | 2> {
  const command = readArguments(given);
  if (command.verb === "help") {
    parts.out(help.trimEnd());
    return 0;
  }
  if (command.verb === "wrong") {
    parts.complain(`${command.why} --help tells more.`);
    return 2;
  }
  try {
    return await examine(await visitOf(command, parts), command, parts);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    parts.complain(error.message);
    return 2;
  }
}

async function examine(visit: Visit, { json }: Examination, { out, now }: ProgramParts): Promise<0 | 1> {
  const at = new Date(now());
  const steps: DiagnosisStep[] = [];
  for await (const step of diagnose(visit)) {
    steps.push(step);
    if (!json) for (const line of linesOf(step)) out(line);
  }
  const diagnosis = diagnosisOf(visit.url.href, at, steps);
  out(json ? JSON.stringify(diagnosis, null, 2) : lastLine(diagnosis));
  return diagnosis.outcome === "failed" ? 1 : 0;
}

async function visitOf(
  { url, origin, caFile, ...given }: Examination,
  { fetch, network, usualCa, readText, now, newId, limits, signal }: ProgramParts,
): Promise<Visit> {
  const credentials = await credentialsFrom(given, readText);
  const ca = caFile === undefined ? [] : [await certificatesIn(caFile, readText)];
  const send = sendOverNetwork(fetch, ca.length > 0 ? [...usualCa, ...ca] : undefined);
  return {
    url,
    doorUrl: url.href,
    doorHeaders: {},
    credentials,
    secrets: Object.values(credentials),
    toDoor: send,
    toDocuments: send,
    network: network(ca),
    vantage: "outside",
    pageOrigin: origin,
    limits,
    now,
    newId,
    whereIs: () => undefined,
    around: nothingAround,
    signal,
  };
}

async function certificatesIn(path: string, readText: ReadText): Promise<string> {
  const text = await readText(path).catch(() => "");
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Unusable(`There is no certificate in ${path}.`);
  return text;
}
