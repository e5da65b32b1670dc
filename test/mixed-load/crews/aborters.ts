import { initialize } from "../../bench/load/session.ts";
import { callBody, type Shape, silentStream } from "../../bench/wire.ts";
import { openLine, type Reader } from "../line.ts";
import { toolCall } from "../messages.ts";
import type { Verdict } from "../oracle.ts";
import { outcomeOf } from "../referee.ts";
import { headOf, openSession, type Session } from "../session.ts";
import { userOf, type World } from "../world.ts";
import type { Crew } from "./crew.ts";
import { callPlain, plainId } from "./plain-talk.ts";
import { referenceTalk } from "./reference-talk.ts";

/** Where a client is when it goes. */
type Phase = "before the head" | "mid-body" | "silent stream" | "whenever" | "in initialize";
const phases = {
  plain: ["before the head", "mid-body", "silent stream", "whenever", "in initialize"],
  // A session that is begun and never used would burden the reference server to the end.
  stateful: ["before the head", "whenever"],
} as const satisfies Record<string, readonly Phase[]>;

/** A call is given up within so long. */
const patienceMs = 300;
/** How long a call would take that is given up. */
const unheardMs = 5000;

/** Clients that leave in the middle, and whose session must be as good as before. */
export function aborters(adapter: keyof typeof phases, of: Pick<Crew, "size" | "callsPerSecond">): Crew {
  return {
    ...of,
    async client(world, n, rest) {
      while (!world.over.aborted) {
        const session = await openSession(world, { adapter, user: userOf(n) });
        if (!session) return;
        const isWhole = await abortAndProve(world, session, phases[adapter], rest);
        if (isWhole) await session.end();
        else session.leave();
      }
    },
  };
}

/** Until all is over, or the session is: then it is false. */
async function abortAndProve(
  world: World,
  session: Session,
  among: readonly Phase[],
  rest: () => Promise<void>,
): Promise<boolean> {
  const prove = proofIn(world, session);
  let verdict = await prove();
  while (verdict.state === "right") {
    if (world.over.aborted) return true;
    await rest();
    verdict = await abortOnce(world, session, world.random.oneOf(among));
    if (verdict.state === "right") verdict = await prove();
  }
  return false;
}

/** A call that only a session can answer which is as it was. */
function proofIn(world: World, session: Session): () => Promise<Verdict> {
  if (session.party.adapter !== "plain") return referenceTalk(world, session).replica;
  return () => callPlain(world, session, "json", { kind: "after an abort", what: "plain json" });
}

async function abortOnce(world: World, session: Session, phase: Phase): Promise<Verdict> {
  const { random, referee, tally } = world;
  const { adapter } = session.party;
  tally.add("left on purpose");
  if (phase === "in initialize") return abortInitialize(world, session);
  const { method, body, fields, sooner } = requestFor(world, session, phase);
  const leave = () => session.leave(random.oneOf(["end", "reset"]));
  let timer = sooner === "a piece" ? undefined : setTimeout(leave, random.below(sooner));
  const reader: Reader = {
    piece() {
      if (sooner === "a piece") timer ??= setTimeout(leave, random.below(patienceMs));
    },
  };
  const { answer, beganMs, endedMs } = await session.send(method, body, { fields, reader });
  clearTimeout(timer);
  const goes = { state: "pinned", pid: session.home, sinceMs: session.openedMs } as const;
  const case_ = { kind: "abort", what: `${adapter} ${phase}`, adapter, goes, beganMs, endedMs, isSlow: true };
  return referee.judge(
    case_,
    outcomeOf(answer, () => undefined),
    answer,
  );
}

/** `sooner`: within so many milliseconds, or once a piece of the answer has come. */
function requestFor(world: World, session: Session, phase: Exclude<Phase, "in initialize">) {
  const id = world.nextId();
  const post = (body: string, sooner: number | "a piece") => ({ method: "POST" as const, body, fields: "", sooner });
  if (session.party.adapter !== "plain") {
    return phase === "before the head"
      ? post(toolCall(id, "stay_silent", { ms: unheardMs }), patienceMs)
      : post(toolCall(id, "whoami"), soonMs);
  }
  switch (phase) {
    case "before the head":
      return post(callBody(id, "hold"), patienceMs);
    case "mid-body":
      return post(callBody(id, "half"), "a piece");
    case "silent stream":
      return { method: "GET" as const, body: "", fields: silentStream(id), sooner: "a piece" as const };
    case "whenever": {
      const shape = world.random.oneOf(shapes);
      return post(callBody(plainId(world, shape), shape), soonMs);
    }
  }
}

const shapes: readonly Shape[] = ["json", "sse", "large"];
/** While most calls are under way, or just over. */
const soonMs = 10;

async function abortInitialize(world: World, { party }: Session): Promise<Verdict> {
  const line = await openLine(world.origin);
  const timer = setTimeout(() => line.leave(world.random.oneOf(["end", "reset"])), world.random.below(soonMs));
  await line.ask(headOf(world, party, "POST", initialize) + initialize);
  clearTimeout(timer);
  line.leave();
  return { state: "right" };
}
