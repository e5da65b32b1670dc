import type { Shape } from "../../bench/wire.ts";
import type { Verdict } from "../oracle.ts";
import { openSession, type Session } from "../session.ts";
import { userOf, type World } from "../world.ts";
import type { Crew } from "./crew.ts";
import { callPlain } from "./plain-talk.ts";
import { referenceTalk } from "./reference-talk.ts";

/** One call, whichever; the first says where the session lives. */
type Talk = { first(): Promise<Verdict>; next(): Promise<Verdict> };

/** Clients that keep their session for as long as it lives, and call tools in it. */
export function callers(adapter: "stateful" | "policed" | "plain", of: Pick<Crew, "size" | "callsPerSecond">): Crew {
  return {
    ...of,
    async client(world, n, rest) {
      const party = { adapter, user: userOf(n) };
      let toldMs: number | undefined;
      while (!world.over.aborted) {
        const session = await openSession(world, party);
        if (!session) return;
        if (toldMs !== undefined) world.tally.reopened(world.now() - toldMs);
        const end = await converse(world, session, talkIn(world, session), rest);
        toldMs = end === "told" ? world.now() : undefined;
        if (end === "over") await session.end();
        else session.leave();
      }
    },
  };
}

/** Until the session is told to be over. What was in flight may have failed: the next call tells. */
async function converse(world: World, session: Session, talk: Talk, rest: () => Promise<void>) {
  let verdict = await talk.first();
  while (verdict.state === "right" || verdict.state === "in-flight") {
    await rest();
    if (world.over.aborted) return "over";
    verdict = session.home === undefined ? await talk.first() : await talk.next();
  }
  return verdict.state;
}

function talkIn(world: World, session: Session): Talk {
  const { random } = world;
  if (session.party.adapter === "plain") {
    const shapes: readonly Shape[] = ["json", "sse"];
    return {
      first: () => callPlain(world, session, "json"),
      next: () => callPlain(world, session, random.oneOf(shapes)),
    };
  }
  const talk = referenceTalk(world, session);
  const usual = [talk.replica, talk.replica, talk.replica, talk.whoami, talk.simpleText] as const;
  return {
    first: talk.replica,
    next() {
      if (random.chance(0.05)) return talk.changeTools();
      if (random.chance(0.02)) return talk.staySilent();
      return random.oneOf(usual)();
    },
  };
}
