import { pause } from "../../../gateway/runtime/pause.ts";
import { noLimit } from "../line.ts";
import { outcomeOf } from "../referee.ts";
import { sequence } from "../sequence.ts";
import { openSession, type Session, type Timed } from "../session.ts";
import { userOf, type World } from "../world.ts";
import type { Crew } from "./crew.ts";
import { referenceTalk } from "./reference-talk.ts";

/** How long a stream is held before its client breaks off and comes back for what it has missed. */
const legMs = { shortest: 1000, spread: 14_000 };
const awayMs = 1000;
/** A server that has not noticed yet that the last stream is gone says 409. */
const unnoticedMs = 3000;
const conflict = 409;

/**
 * Clients that hold a session's stream on a reference server, which tells of changed tools, each with a number; that break off
 * now and then, and resume with Last-Event-ID: no number may be missing or come twice.
 */
export function streamResumers(size: number): Crew {
  return {
    size,
    callsPerSecond: size,
    async client(world, n) {
      const party = { adapter: n % 2 === 0 ? "stateful" : "policed", user: userOf(n) };
      while (!world.over.aborted) {
        const session = await openSession(world, party);
        if (!session) return;
        const talk = referenceTalk(world, session);
        if ((await talk.replica()).state === "right") await holdInLegs(world, session);
        if (world.over.aborted) return session.end();
        await talk.replica();
        session.leave();
      }
    },
  };
}

/** Until its replica has gone, or all is over. */
async function holdInLegs(world: World, session: Session): Promise<void> {
  const { random, over, now } = world;
  const heard = { next: sequence(undefined), lastId: undefined as string | undefined };
  let since = now();
  while (!over.aborted) {
    const leg = await holdLeg(world, session, heard, legMs.shortest + random.below(legMs.spread));
    if (leg.answer.state === "whole" && leg.answer.status === conflict && now() - since < unnoticedMs) {
      await pause(50, over);
      continue;
    }
    if (leg.answer.state !== "left") return judgeEnd(world, session, leg);
    since = now();
    await pause(random.below(awayMs), over);
  }
}

async function holdLeg(
  world: World,
  session: Session,
  heard: { next: ReturnType<typeof sequence>; lastId: string | undefined },
  forMs: number,
): Promise<Timed> {
  const { tally, ledger, random, over } = world;
  const what = `stream of ${session.party.user} on ${ledger.nameOf(session.home)}`;
  const stream = { what, isTicking: false, heardMs: world.now() };
  const leave = () => session.leave(random.oneOf(["end", "reset"]));
  const timer = setTimeout(leave, forMs);
  let text = "";
  const piece = (bytes: Buffer) => {
    const events = (text + bytes.toString()).split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const [, id, n] = /^id: ((\d+)\.\S*)$/m.exec(event) ?? [];
      if (id === undefined) continue;
      heard.lastId = id;
      tally.add("events");
      const wrong = heard.next(Number(n));
      if (wrong) world.lose(`event, ${what}: ${wrong}`);
    }
  };
  const head = (status: number) => {
    if (status === 200 && heard.lastId !== undefined) tally.add("resumed");
    if (status === 200) world.streams.add(stream);
  };
  over.addEventListener("abort", leave, { once: true });
  const fields = heard.lastId === undefined ? "" : `Last-Event-ID: ${heard.lastId}\r\n`;
  const leg = await session.send("GET", "", { fields, reader: { head, piece }, limitMs: noLimit });
  over.removeEventListener("abort", leave);
  clearTimeout(timer);
  world.streams.delete(stream);
  return leg;
}

async function judgeEnd({ referee }: World, session: Session, { answer, beganMs, endedMs }: Timed): Promise<void> {
  const { adapter } = session.party;
  const goes = { state: "pinned", pid: session.home, sinceMs: session.openedMs } as const;
  const ended = answer.state === "whole" && answer.status === 200 ? ({ state: "cut" } as const) : answer;
  await referee.judge(
    { kind: "stream", what: `${adapter} GET`, adapter, goes, beganMs, endedMs, isSlow: true },
    outcomeOf(ended, () => undefined),
    answer,
  );
}
