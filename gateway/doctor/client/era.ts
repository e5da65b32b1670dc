import type { Answered } from "../answer.ts";
import { errorOf, isObject, resultOf, textsIn } from "../json-rpc.ts";
import type { Known } from "../known.ts";
import { modernRevision } from "../requests.ts";
import { failed, type Finding, type Found, ok, type Step, skipped, warning } from "../step.ts";
import { plural, said, seconds, sentence } from "../words.ts";

/** The error of revision 2026-07-28 that names the revisions there are. */
const unsupportedRevision = -32022;

/** How a client of both eras takes the answer to its first request, `server/discover`. */
export function eraStep(): Step<Known> {
  return {
    id: "era",
    title: "Era",
    expected: "`server/discover` is answered, or refused with 4xx by a server that knows sessions only",
    unless: ({ stop }) => stop,
    take: ({ probe, unready }) =>
      unready === undefined ? eraFound(probe as Answered) : { ...skipped(unready), learned: { stop: unready } },
  };
}

export function eraFound(answer: Answered): Found<Known> {
  const found = faultOf(answer);
  if (found) return { ...found, learned: { stop: "There is no MCP server to be asked here now." } };
  const { status, message } = answer;
  if (status === 429) return warning("rate-limited", said(answer));
  const revisions = textsIn(resultOf(message)?.["supportedVersions"]);
  const error = errorOf(message);
  const supported = error?.code === unsupportedRevision && isObject(error.data) ? textsIn(error.data["supported"]) : [];
  if (!revisions.includes(modernRevision)) {
    const others = supported.length > 0 ? `, it names ${supported.join(", ")}` : "";
    return ok(`Sessions only (HTTP ${status}${others}): clients go on with initialize.`);
  }
  const capabilities = resultOf(message)?.["capabilities"];
  const modern = { revisions, capabilities: isObject(capabilities) ? capabilities : {} };
  return { ...ok(`It speaks ${revisions.join(", ")}.`), learned: { modern } };
}

/** What ends a client's way whichever request it was that was answered so. */
export function faultOf(answer: Answered): Finding | undefined {
  const { status, message } = answer;
  if (status === 503) return failed("not-ready", said(answer));
  if (status >= 500) return failed("probe-5xx", said(answer));
  const broken = bodyFault(answer);
  if (broken) return broken;
  return status < 300 && !message ? failed("not-mcp", said(answer)) : undefined;
}

/** A body without an end that a client could wait for. */
export function bodyFault({ end, headMs, text }: Answered): Finding | undefined {
  const bytes = `${plural(text.length, "character")} came`;
  switch (end) {
    case "slow":
      return failed("answer-held-back", `The headers came after ${seconds(headMs)}; ${bytes}, and no end.`);
    case "large":
      return failed("answer-too-large", `More than ${bytes}, and no end.`);
    case "cut":
      return failed("answer-cut", `${sentence(bytes)}, then the connection broke off.`);
    default:
      return undefined;
  }
}
