import type { Answer, Streamed } from "../answer.ts";
import type { Known } from "../known.ts";
import type { Session } from "../requests.ts";
import { failed, type Finding, ok, type Step, warning } from "../step.ts";
import { said, seconds } from "../words.ts";
import { unlessInitialized } from "./conditions.ts";
import type { ClientParts } from "./parts.ts";

/** The GET stream, on which a server speaks without being asked. A server without sessions is asked as well. */
export function streamStep({ door, requests, limits }: ClientParts): Step<Known> {
  return {
    id: "stream",
    title: "GET stream",
    expected: "An event stream whose headers come at once, and that stays open; or 405 where there is none",
    unless: unlessInitialized,
    async take({ session }) {
      return getFinding(await door.watch(requests.openStream(session as Session), { watchMs: limits.watchMs }));
    },
  };
}

export function getFinding(seen: Answer | Streamed): Finding {
  if (seen.state === "streamed") return streamFinding(seen);
  const got = said(seen);
  if (seen.state === "silent") return failed("stream-held-back", got);
  if (seen.state === "unanswered") return failed("connection-broken", got);
  const { status } = seen;
  if (status === 405) return ok("405: there is none.");
  if (status === 429) return warning("rate-limited", got);
  if (status === 404) return failed("get-404", got);
  return failed(status < 300 ? "get-not-stream" : "get-refused", got);
}

/** A server may end its stream whenever it likes; one that does at once keeps its clients busy with reconnecting. */
export function streamFinding({ end, headMs, firstMs, hasIds, watchedMs }: Streamed): Finding {
  const first = firstMs === undefined ? "nothing on it" : `the first byte after ${seconds(firstMs)}`;
  const resuming = hasIds ? ", events have ids to resume from" : "";
  const got = `Headers after ${seconds(headMs)}, ${first}${resuming}`;
  if (end === "cut") return failed("stream-cut", `${got}; it broke off after ${seconds(watchedMs)}.`);
  if (end === "ended" && !hasIds) return warning("stream-cut", `${got}; it ended after ${seconds(watchedMs)}.`);
  return ok(`${got}; ${end === "open" ? "still open" : "ended"} after ${seconds(watchedMs)}.`);
}
