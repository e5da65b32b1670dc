/** What came of one request. */
export type Outcome =
  | { state: "right" }
  /** A whole answer with the expected status, and not what belongs to it. */
  | { state: "wrong"; what: string }
  | { state: "refused"; status: number }
  /** The connection or the answer ended before the answer was whole. */
  | { state: "cut" }
  /** Nothing, for too long. */
  | { state: "silent" };

/** What became of the process that had to answer. It ended between two looks: after `fromMs`, and by `untilMs`. */
export type Fate = { state: "living" } | { state: "dead"; fromMs: number; untilMs: number };

export type Judged = {
  beganMs: number;
  endedMs: number;
  outcome: Outcome;
  /** In a session, which lives on one replica and on no other. */
  isPinned: boolean;
};

/** `told`: its session is over, and the 404 says so. `in-flight`: its replica went while it was under way. */
export type Verdict = { state: "right" } | { state: "told" } | { state: "in-flight" } | { state: "lost"; why: string };

/**
 * A session ends with its replica and for no other reason, and then the next call is answered 404. Only what was under way when
 * a replica went may fail otherwise.
 */
export function verdictOn({ beganMs, endedMs, outcome, isPinned }: Judged, fate: Fate): Verdict {
  if (outcome.state === "right") return { state: "right" };
  if (outcome.state === "wrong") return { state: "lost", why: outcome.what };
  const what = inWords(outcome);
  if (fate.state === "living") return { state: "lost", why: `${what}, though its replica lives` };
  if (endedMs < fate.fromMs) return { state: "lost", why: `${what}, before its replica was gone` };
  if (isPinned && outcome.state === "refused" && outcome.status === 404) return { state: "told" };
  if (beganMs <= fate.untilMs) return { state: "in-flight" };
  return { state: "lost", why: `${what}, where its replica was gone and 404 was due` };
}

function inWords(outcome: Exclude<Outcome, { state: "right" | "wrong" }>): string {
  switch (outcome.state) {
    case "refused":
      return `it was answered ${outcome.status}`;
    case "cut":
      return "it was cut off";
    case "silent":
      return "there was no answer in time";
  }
}
