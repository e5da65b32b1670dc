import type { Answer, Answered } from "../answer.ts";
import { isObject, resultOf } from "../json-rpc.ts";
import type { Known } from "../known.ts";
import { legacyRevision, noRevision } from "../requests.ts";
import { failed, type Finding, type Found, ok, type Step, skipped, warning } from "../step.ts";
import { said, seconds } from "../words.ts";
import { unlessInitialized } from "./conditions.ts";
import { bodyFault } from "./era.ts";
import type { ClientParts } from "./parts.ts";

/** How clients up to 2025-11-25 begin, and where those of 2024 look for an older transport. */
export function initializeStep({ door, requests, limits, cleanups }: ClientParts): Step<Known> {
  return {
    id: "initialize",
    title: "Initialize",
    expected: "A result with a revision that clients know",
    unless: ({ stop }) => stop,
    async take({ modern }) {
      const answer = await door.ask(requests.initialize());
      const read = initializeFound(answer, modern !== undefined);
      const session = read.learned?.session;
      if (session?.id !== undefined) cleanups.set(session.id, () => door.tell(requests.endSession(session)));
      const isLost = read.outcome === "failed" && read.word === "wrong-path";
      return isLost && (await hasOldTransport())
        ? failed("sse-only", `GET opens an event stream with an endpoint.`)
        : read;
    },
  };

  /** HTTP+SSE (2024-11-05): the first event of a GET says where to post. */
  async function hasOldTransport(): Promise<boolean> {
    const stream = requests.openStream({ id: undefined, revision: noRevision });
    const seen = await door.watch(stream, { watchMs: limits.watchMs, isEnough: (events) => events > 0 });
    return seen.state === "streamed" && seen.events[0]?.type === "endpoint";
  }
}

export function initializeFound(answer: Answer, isModern: boolean): Found<Known> {
  const found = resultFinding(answer, isModern);
  if (found.outcome !== "ok" || answer.state !== "answered") {
    return found;
  }
  const { protocolVersion, capabilities } = resultOf(answer.message) ?? {};
  const id = answer.headers.get("mcp-session-id") ?? undefined;
  const revision = String(protocolVersion);
  const session = { id, revision, capabilities: isObject(capabilities) ? capabilities : {} };
  return { ...found, learned: { session } };
}

function resultFinding(answer: Answer, isModern: boolean): Finding {
  const got = said(answer);
  if (answer.state === "silent") return failed("no-answer", got);
  if (answer.state !== "answered") return failed("connection-broken", got);
  const { status, message } = answer;
  if (status === 429) return warning("rate-limited", got);
  if (status === 503) return failed("not-ready", got);
  const broken = bodyFault(answer);
  if (broken) return broken;
  if (status > 299 || !resultOf(message)) return refusedFinding(answer, isModern, got);
  return versionFinding(answer, got);
}

function refusedFinding({ status, message }: Answered, isModern: boolean, got: string): Finding {
  if (isModern && status < 500) return warning("modern-only", got);
  if (status === 404 || status === 405) return failed("wrong-path", got);
  return failed(status < 300 && !message ? "malformed-answer" : "initialize-refused", got);
}

function versionFinding({ message, headMs }: Answered, got: string): Finding {
  const { protocolVersion, serverInfo } = resultOf(message) ?? {};
  if (typeof protocolVersion !== "string") return failed("malformed-answer", `${got} Without protocolVersion.`);
  const name = isObject(serverInfo) && typeof serverInfo["name"] === "string" ? `, it is ${serverInfo["name"]}` : "";
  const negotiated = protocolVersion === legacyRevision ? protocolVersion : `${protocolVersion}, not ${legacyRevision}`;
  return ok(`Revision ${negotiated}${name}, after ${seconds(headMs)}.`);
}

/** The id is sent in a header, and has to arrive as it left. */
export function sessionIdStep(): Step<Known> {
  return {
    id: "session-id",
    title: "Session id",
    expected: "Mcp-Session-Id of visible ASCII, or none from a server without sessions",
    unless: unlessInitialized,
    take({ session }) {
      const id = session?.id;
      if (id === undefined) return skipped("The server has no sessions.");
      if (/^[\x21-\x7e]+$/.test(id)) return ok(`It has ${id.length} characters.`);
      return {
        ...failed("invisible-session-id", "There are others in it."),
        learned: { lost: "The session's id cannot be sent." },
      };
    },
  };
}
