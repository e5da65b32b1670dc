import type { Errors, RecoveryFigures } from "../load/orders.ts";
import type { Options } from "../options.ts";
import { startStand } from "../stand.ts";
import { spread } from "../spread.ts";
import { known, table } from "../table.ts";
import type { TargetName } from "../targets/target.ts";
import type { Bench, Report } from "./part.ts";

export type RecoverySample = { target: TargetName; figures: RecoveryFigures };

export type RecoveryRow = {
  target: TargetName;
  lostSessions: number;
  /** Those that had their 404 while we watched. */
  told: number;
  toldP50Ms: number;
  toldMaxMs: number;
  lostErrors: Errors;
  initializesWellAfterMs: number;
  initializeErrors: Errors;
  otherSessions: number;
  otherErrors: Errors;
};

const sessions = 30;

/** Kills one of three replicas under load. For gateways only: the others know no sessions, and restart no replicas. */
export async function recovery({ options, place }: Bench): Promise<Report> {
  const samples: RecoverySample[] = [];
  for (const name of options.targets.filter(isGateway)) {
    await using at = await place();
    await using stand = await startStand(at.site, [name]);
    for (const { door, upstreams } of stand.targets) {
      const [victim] = upstreams;
      if (victim === undefined) throw new Error("there is no replica to kill");
      const timing = { warmupMs: options.warmupSeconds * 1000, watchMs: options.watchSeconds * 1000 };
      const order = { door, sessions, victimPid: victim.pid, ...timing };
      samples.push({ target: name, figures: await at.load.drive("recovery", order) });
    }
  }
  return reportRecovery(samples, options);
}

const isGateway = (name: TargetName) => name === "gateway" || name === "quiet" || name === "guarded";

export function reportRecovery(samples: readonly RecoverySample[], { watchSeconds }: Options): Report {
  const rows = samples.map(({ target, figures }): RecoveryRow => {
    const told = spread(figures.toldAfterMs);
    const { lostSessions, lostErrors, initializesWellAfterMs, initializeErrors, otherSessions, otherErrors } = figures;
    return {
      ...{ target, lostSessions, told: figures.toldAfterMs.length, toldP50Ms: told.median, toldMaxMs: told.high },
      ...{ lostErrors, initializesWellAfterMs, initializeErrors, otherSessions, otherErrors },
    };
  });
  const cells = rows.map((row) => [
    row.target,
    `${row.told}/${row.lostSessions}`,
    known(row.toldP50Ms, 0),
    known(row.toldMaxMs, 0),
    words(row.lostErrors),
    known(row.initializesWellAfterMs, 0),
    words(row.initializeErrors),
    `${row.otherSessions}`,
    words(row.otherErrors),
  ]);
  const text = [
    `Recovery: one of three replicas is killed, ${sessions} sessions call tools, watched for ${watchSeconds} s`,
    table([head, ...cells]),
  ].join("\n");
  return { text, rows, ratios: [], samples };
}

const head = [
  ...[
    "target",
    "lost sessions told",
    "404 p50 ms",
    "404 max ms",
    "their answers",
    "initialize well after ms",
    "its errors",
  ],
  ...["other sessions", "their errors"],
];

/** `2 x 502`, or `0`. */
const words = (errors: Errors) =>
  Object.entries(errors)
    .map(([what, times]) => `${times} x ${what}`)
    .join(", ") || "0";
