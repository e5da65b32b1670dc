import type { Ledger } from "./ledger.ts";
import type { Answer } from "./line.ts";
import { type Outcome, type Verdict, verdictOn } from "./oracle.ts";
import type { Tally } from "./tally.ts";

/** What was asked, and of whom. */
export type Case = {
  /** Under which it is counted. */
  kind: string;
  /** For whoever reads of its loss. */
  what: string;
  adapter: string;
  goes: Goes;
  beganMs: number;
  endedMs: number;
  /** Its latency is not the gateway's. */
  isSlow?: boolean;
};

/** `pinned`: in a session, opened at `sinceMs`, whose process is known as soon as it has answered. `free`: to any replica. */
export type Goes = { state: "pinned"; pid: number | undefined; sinceMs: number } | { state: "free" };

export type Referee = {
  /** Counts the verdict, and tells what was lost. */
  judge(case_: Case, outcome: Outcome, answer?: Answer): Promise<Verdict>;
};

/** How long the news of a replica's end may take: what failed for it may be known before. */
const newsMs = 2000;
const lookMs = 20;
const shownBytes = 300;

export function referee({
  ledger,
  tally,
  now,
  lose,
}: {
  ledger: Pick<Ledger, "look" | "fateOf" | "fateIn" | "nameOf">;
  tally: Pick<Tally, "judged">;
  now: () => number;
  /** Whatever is lost, in words. */
  lose: (what: string) => void;
}): Referee {
  async function fateFor({ adapter, goes, beganMs, endedMs }: Case, outcome: Outcome) {
    const fate = () => {
      ledger.look();
      if (goes.state === "free") return ledger.fateIn(adapter, beganMs, endedMs);
      return goes.pid === undefined ? ledger.fateIn(adapter, goes.sinceMs, endedMs) : ledger.fateOf(goes.pid);
    };
    const isGood = outcome.state === "right" || outcome.state === "wrong";
    const untilMs = now() + newsMs;
    while (!isGood && fate().state === "living" && now() < untilMs) await Bun.sleep(lookMs);
    return fate();
  }

  return {
    async judge(case_, outcome, answer) {
      const { kind, what, goes, beganMs, endedMs, isSlow = false } = case_;
      const fate = outcome.state === "right" ? living : await fateFor(case_, outcome);
      const verdict = verdictOn({ beganMs, endedMs, outcome, isPinned: goes.state === "pinned" }, fate);
      tally.judged(kind, verdict, isSlow ? undefined : endedMs - beganMs);
      if (verdict.state === "lost") {
        const where = goes.state === "pinned" ? ` on ${ledger.nameOf(goes.pid)} (pid ${goes.pid ?? "unknown"})` : "";
        const times = `began ${inSeconds(beganMs)}, ended ${inSeconds(endedMs)}`;
        lose(`${kind}, ${what}${where}: ${verdict.why}; ${times}\n      answer: ${shown(answer)}`);
      }
      return verdict;
    },
  };
}

/** What a call came to. `wrongWith`: what is wrong with an answer that has the expected status; undefined: nothing. */
export function outcomeOf(
  answer: Answer,
  wrongWith: (answer: Answer & { state: "whole" }) => string | undefined,
  expectedStatus = 200,
): Outcome {
  if (answer.state === "left") return { state: "right" };
  if (answer.state !== "whole") return { state: answer.state };
  if (answer.status !== expectedStatus) return { state: "refused", status: answer.status };
  const what = wrongWith(answer);
  return what === undefined ? { state: "right" } : { state: "wrong", what };
}

const living = { state: "living" } as const;
const inSeconds = (ms: number) => `${(ms / 1000).toFixed(3)} s`;

function shown(answer: Answer | undefined): string {
  if (answer?.state !== "whole") return answer?.state ?? "none";
  const text = `${answer.head.split("\r\n", 1)[0]} ${answer.body.replaceAll(/\s+/g, " ")}`;
  return text.length > shownBytes ? `${text.slice(0, shownBytes)}… (${answer.body.length} bytes)` : text;
}
