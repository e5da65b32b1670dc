import type { DiagnosisStep } from "../../openapi/diagnosis.ts";
import { type Asker, askerOver } from "./asker.ts";
import type { Network } from "./client/network.ts";
import { targetAt } from "./client/parts.ts";
import { clientSteps } from "./client/steps.ts";
import { hiding, takenSteps } from "./diagnosis.ts";
import type { Known } from "./known.ts";
import type { DoctorLimits } from "./limits.ts";
import { requestsTo } from "./requests.ts";
import type { Send } from "./send.ts";
import type { Step } from "./step.ts";

/** One MCP endpoint, and how it is looked at. */
export type Visit = {
  /** As clients know it. */
  readonly url: URL;
  /** Where its door is asked, and what every request to it carries; `url` itself and nothing, from outside. */
  readonly doorUrl: string;
  readonly doorHeaders: Readonly<Record<string, string>>;
  /** The caller's. They go to the door and nowhere else. */
  readonly credentials: Readonly<Record<string, string>>;
  /** What must not be said, whoever repeats it. */
  readonly secrets: readonly string[];
  readonly toDoor: Send;
  readonly toDocuments: Send;
  /** A sentence: why it is not looked at. */
  readonly network: Network | string;
  readonly vantage: "inside" | "outside";
  /** Of the page that a browser's client is on. */
  readonly pageOrigin: string | undefined;
  readonly limits: DoctorLimits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  /** The replica that a session is on, where that can be known. */
  readonly whereIs: (sessionId: string) => string | undefined;
  /** Steps before and after those of a client. */
  readonly around: (tools: StepTools) => {
    readonly before: readonly Step<Known>[];
    readonly after: readonly Step<Known>[];
  };
  readonly signal: AbortSignal;
};

export type StepTools = {
  readonly askerOver: (send: Send) => Asker;
  readonly nextId: () => number;
  readonly cleanups: Map<string, () => Promise<void>>;
};

export const nothingAround: Visit["around"] = () => ({ before: [], after: [] });

/** Gives each step as it ends. Sessions that were opened are ended, however it goes. */
export async function* diagnose(visit: Visit): AsyncGenerator<DiagnosisStep> {
  const { url, doorUrl, doorHeaders, credentials, limits, now, newId, whereIs, signal: caller } = visit;
  const signal = AbortSignal.any([caller, AbortSignal.timeout(limits.totalMs)]);
  const cleanups = new Map<string, () => Promise<void>>();
  let lastId = 0;
  const nextId = () => ++lastId;
  const asker = (send: Send) => askerOver({ send, limits, now, signal });
  const { before, after } = visit.around({ askerOver: asker, nextId, cleanups });
  const { authorization } = credentials;
  const { network, vantage, pageOrigin } = visit;
  const parts = {
    target: targetAt(url),
    door: asker(visit.toDoor),
    documents: asker(visit.toDocuments),
    requests: requestsTo(doorUrl, { ...doorHeaders, ...credentials }, nextId),
    anonymous: requestsTo(doorUrl, doorHeaders, nextId),
    hasCredentials: Object.keys(credentials).length > 0,
    token: /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1],
    network,
    vantage,
    pageOrigin,
    limits,
    now,
    cleanups,
  };
  const steps = [...before, ...clientSteps(parts, { newId, whereIs }), ...after];
  try {
    yield* takenSteps<Known>(steps, {}, { now, hide: hiding(visit.secrets), signal });
  } finally {
    await Promise.all([...cleanups.values()].map((cleanUp) => cleanUp()));
  }
}
