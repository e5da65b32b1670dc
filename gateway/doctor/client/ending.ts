import type { Answer } from "../answer.ts";
import { isTaken } from "../json-rpc.ts";
import type { Known } from "../known.ts";
import type { Session } from "../requests.ts";
import { failed, type Found, ok, type Step } from "../step.ts";
import { said } from "../words.ts";
import { unlessSession } from "./conditions.ts";
import type { ClientParts } from "./parts.ts";
import { sameAsStale, staleFinding } from "./stale.ts";

/** How a client takes its leave. */
export function endingSteps({ door, requests, cleanups }: ClientParts): Step<Known>[] {
  return [
    {
      id: "delete",
      title: "End",
      expected: "2xx to DELETE, or 405 where clients cannot end a session",
      unless: unlessSession,
      async take({ session }) {
        const answer = await door.ask(requests.endSession(session as Session));
        cleanups.delete(session?.id ?? "");
        return deleteFound(answer);
      },
    },
    {
      id: "ended",
      title: "After the end",
      expected: "404 for the session that was ended",
      unless: (known) => unlessSession(known) ?? (known.isEnded ? undefined : "The session was not ended."),
      async take({ session, staleStatus }) {
        const answer = await door.ask(requests.legacy("ping", session as Session));
        const known = sameAsStale(answer, staleStatus);
        if (known) return known;
        const isOpen = answer.state === "answered" && answer.status < 300 && isTaken(answer.message);
        return isOpen ? failed("session-outlives-delete", said(answer)) : staleFinding(answer);
      },
    },
  ];
}

function deleteFound(answer: Answer): Found<Known> {
  const got = said(answer);
  if (answer.state !== "answered") return failed("connection-broken", got);
  const { status } = answer;
  if (status === 405) return ok("405: clients cannot end it.");
  if (status < 200 || status > 299) return failed("delete-refused", got);
  return { ...ok(got), learned: { isEnded: true } };
}
