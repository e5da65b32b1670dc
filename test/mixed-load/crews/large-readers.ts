import { openSession } from "../session.ts";
import { userOf, type World } from "../world.ts";
import type { Crew } from "./crew.ts";
import { callPlain } from "./plain-talk.ts";

/** How long a slow reader reads nothing, once an answer has begun. */
const pauseMs = { shortest: 1000, spread: 3000 };

/** Clients that get answers of 1 MiB; every second one of them stops reading in the middle for a while. */
export function largeReaders(of: Pick<Crew, "size" | "callsPerSecond">): Crew {
  return {
    ...of,
    async client(world, n, rest) {
      const isSlow = n % 2 === 1;
      while (!world.over.aborted) {
        const session = await openSession(world, { adapter: "plain", user: userOf(n) });
        if (!session) return;
        let verdict = await callPlain(world, session, "json");
        while (verdict.state === "right" || verdict.state === "in-flight") {
          await rest();
          if (world.over.aborted) return session.end();
          const slowly = { kind: "slow reader", isSlow, reader: { head: () => readLater(world, session.line()) } };
          verdict = await callPlain(world, session, "large", isSlow ? slowly : { kind: "large answer", isSlow: true });
        }
        session.leave();
      }
    },
  };
}

function readLater({ random }: World, line: { pause(): void; resume(): void }): void {
  line.pause();
  setTimeout(line.resume, pauseMs.shortest + random.below(pauseMs.spread));
}
