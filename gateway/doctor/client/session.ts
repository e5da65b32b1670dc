import type { Answer } from "../answer.ts";
import { isTaken } from "../json-rpc.ts";
import type { Known } from "../known.ts";
import type { Session } from "../requests.ts";
import { failed, type Finding, type Found, ok, type Step, warning } from "../step.ts";
import { inWords, plural, said } from "../words.ts";
import { unlessInitialized, unlessSession } from "./conditions.ts";
import type { ClientParts } from "./parts.ts";

/**
 * Whether a session holds, from its first notification on. `whereIs` knows the replica that a session is on, where that can be
 * known.
 */
export function sessionSteps(
  { door, requests, limits }: ClientParts,
  whereIs: (sessionId: string) => string | undefined,
): Step<Known>[] {
  return [
    {
      id: "initialized",
      title: "First notification",
      expected: "202 and nothing else",
      unless: unlessInitialized,
      async take({ session }) {
        return initializedFound(await door.ask(requests.notify("notifications/initialized", session as Session)));
      },
    },
    {
      id: "pin",
      title: "Session pin",
      expected: "Every call of the session is answered, each on a connection of its own, under the same session id",
      unless: unlessSession,
      async take({ session }) {
        const answers: Answer[] = [];
        for (let call = 0; call < limits.pinCalls; call++) {
          answers.push(await door.ask(requests.legacy("ping", session as Session)));
        }
        const place = whereIs(session?.id ?? "");
        return pinFound(answers, session as Session, place === undefined ? "" : ` The session is on ${place}.`);
      },
    },
  ];
}

function initializedFound(answer: Answer): Found<Known> {
  const got = said(answer);
  if (answer.state !== "answered") return lost(failed("connection-broken", got));
  const { status } = answer;
  if (status === 202) return ok(got);
  if (status === 404 || status === 400) return lost(failed("session-unpinned", got));
  return status < 300 ? warning("initialized-refused", got) : failed("initialized-refused", got);
}

export function pinFound(answers: readonly Answer[], { id }: Session, place: string): Found<Known> {
  const good = answers.filter((answer) => answer.state === "answered" && isTaken(answer.message));
  const got = `${good.length} of ${plural(answers.length, "call")} were answered.`;
  const limited = answers.find((answer) => answer.state === "answered" && answer.status === 429);
  if (limited) return warning("rate-limited", got);
  const bad = answers.find((answer) => !good.includes(answer));
  if (bad) return lost(failed("session-unpinned", `${got} One of the others: ${inWords(bad)}.`));
  const ids = answers.flatMap((answer) =>
    answer.state === "answered" ? (answer.headers.get("mcp-session-id") ?? []) : [],
  );
  const other = ids.find((answered) => answered !== id);
  if (other !== undefined)
    return failed("session-id-changes", `${got} An answer has another session id than it was asked with.`);
  return ok(`${got}${place}`);
}

/** What follows in the session would only say the same again. */
function lost(finding: Finding): Found<Known> {
  return { ...finding, learned: { lost: "The session does not hold." } };
}
