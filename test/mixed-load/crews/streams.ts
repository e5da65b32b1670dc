import { sharedClockUs } from "../../bench/clock.ts";
import { readStreamEvent } from "../../bench/wire.ts";
import { noLimit } from "../line.ts";
import { outcomeOf } from "../referee.ts";
import { sequence } from "../sequence.ts";
import { openSession, type Session } from "../session.ts";
import { userOf, type World } from "../world.ts";
import type { Crew } from "./crew.ts";
import { callPlain } from "./plain-talk.ts";

/** Clients that hold a stream of the bench's upstream, which sends them an event each second, numbered. */
export function streamHolders(size: number): Crew {
  return {
    size,
    callsPerSecond: size,
    async client(world, n) {
      while (!world.over.aborted) {
        const session = await openSession(world, { adapter: "plain", user: userOf(n) });
        if (!session) return;
        if ((await callPlain(world, session, "json")).state === "right") await hold(world, session);
        if (world.over.aborted) return session.end();
        // Its replica has gone, and the session is told so.
        await callPlain(world, session, "json");
        session.leave();
      }
    },
  };
}

async function hold(world: World, session: Session): Promise<void> {
  const { tally, referee, ledger } = world;
  const name = `stream of ${session.party.user} on ${ledger.nameOf(session.home)}`;
  const next = sequence(0);
  let text = "";
  const stream = { what: name, isTicking: true, heardMs: world.now() };
  const leave = () => session.leave();
  const read = (bytes: Buffer) => {
    const events = (text + bytes.toString("latin1")).split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const read = readStreamEvent(event);
      if (!read) continue;
      stream.heardMs = world.now();
      tally.add("events");
      const wrong = next(read.n);
      const ageMs = (sharedClockUs() - read.sentUs) / 1000;
      if (wrong) world.lose(`event, ${name}: ${wrong} (written ${ageMs.toFixed(0)} ms ago)`);
    }
  };
  world.streams.add(stream);
  world.over.addEventListener("abort", leave, { once: true });
  const { answer, beganMs, endedMs } = await session.send("GET", "", { reader: { piece: read }, limitMs: noLimit });
  world.over.removeEventListener("abort", leave);
  world.streams.delete(stream);
  const goes = { state: "pinned", pid: session.home, sinceMs: session.openedMs } as const;
  const case_ = { kind: "stream", what: "plain GET", adapter: "plain", goes, beganMs, endedMs, isSlow: true };
  // Nothing but the end of its replica may end it, in whatever way.
  const ended = answer.state === "whole" && answer.status === 200 ? ({ state: "cut" } as const) : answer;
  await referee.judge(
    case_,
    outcomeOf(ended, () => undefined),
    answer,
  );
}
