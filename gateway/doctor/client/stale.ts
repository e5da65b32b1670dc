import type { Answer } from "../answer.ts";
import { isTaken } from "../json-rpc.ts";
import type { Known } from "../known.ts";
import { noRevision, type Session } from "../requests.ts";
import { failed, type Finding, type Found, ok, type Step, skipped, warning } from "../step.ts";
import { said } from "../words.ts";
import { unlessSession } from "./conditions.ts";
import type { ClientParts } from "./parts.ts";

/** What an id is worth that names no session, and a revision that there is not. */
export function staleSteps({ door, requests }: ClientParts, newId: () => string): Step<Known>[] {
  return [
    {
      id: "stale-id",
      title: "Stale session",
      expected: "404 for a session that is over, by which clients know to begin anew",
      unless: unlessSession,
      async take({ session }) {
        const answer = await door.ask(requests.legacy("ping", { ...(session as Session), id: newId() }));
        const found = staleFinding(answer);
        return answer.state === "answered" ? { ...found, learned: { staleStatus: answer.status } } : found;
      },
    },
    {
      id: "foreign-id",
      title: "Foreign session",
      expected: "404 for an id that is like the session's own, and is not",
      unless: unlessSession,
      async take({ session, staleStatus }) {
        const { id = "", revision } = session as Session;
        const answer = await door.ask(requests.legacy("ping", { revision, id: likeness(id) }));
        return sameAsStale(answer, staleStatus) ?? staleFinding(answer);
      },
    },
    {
      id: "revision",
      title: "Unknown revision",
      expected: "400 for an MCP-Protocol-Version that nobody supports",
      unless: unlessSession,
      async take({ session }) {
        const answer = await door.ask(requests.legacy("ping", { ...(session as Session), revision: noRevision }));
        const got = said(answer);
        return answer.state === "answered" && answer.status === 400 ? ok(got) : warning("version-unchecked", got);
      },
    },
  ];
}

export function staleFinding(answer: Answer): Finding {
  const got = said(answer);
  if (answer.state !== "answered") return failed("connection-broken", got);
  const { status } = answer;
  if (status === 404) return ok(got);
  if (status === 400) return failed("stale-id-400", got);
  if (status === 429) return warning("rate-limited", got);
  if (status >= 500) return failed("stale-id-500", got);
  return failed(status < 300 && isTaken(answer.message) ? "stale-id-accepted" : "stale-id-other", got);
}

/** A fault that was found already is not told twice. */
export function sameAsStale(answer: Answer, staleStatus: number | undefined): Found<Known> | undefined {
  if (answer.state !== "answered" || answer.status === 404 || answer.status !== staleStatus) return undefined;
  return skipped(`HTTP ${staleStatus}, as for a stale session.`);
}

/** The same with its last character changed. */
function likeness(id: string): string {
  return `${id.slice(0, -1)}${id.endsWith("A") ? "B" : "A"}`;
}
