import type { Answer } from "../answer.ts";
import { resultOf, textsIn } from "../json-rpc.ts";
import type { Known, Spoken } from "../known.ts";
import { failed, type Finding, type Found, ok, warning } from "../step.ts";
import { said } from "../words.ts";

/** Which revisions a replica speaks, by its answers to the first request of a client of each era. */
export function spokenFound(
  name: string,
  probed: Answer,
  begun: Answer,
  before: Readonly<Record<string, Spoken>>,
): Found<Known> {
  const fault = faultOf(probed) ?? faultOf(begun);
  if (fault) return fault;
  const modern = probed.state === "answered" ? textsIn(resultOf(probed.message)?.["supportedVersions"]) : [];
  const legacy = begun.state === "answered" ? resultOf(begun.message)?.["protocolVersion"] : undefined;
  if (typeof legacy !== "string" && modern.length === 0) return failed("replica-not-mcp", said(begun));
  const id = begun.state === "answered" ? (begun.headers.get("mcp-session-id") ?? undefined) : undefined;
  const session = typeof legacy === "string" && id !== undefined ? { id, revision: legacy } : undefined;
  const eras = typeof legacy === "string" ? [`${legacy} ${session ? "with" : "without"} sessions`, ...modern] : modern;
  const spoken = { revisions: eras.join(", "), session };
  return { ...comparedWith(before, spoken), learned: { spoken: { ...before, [name]: spoken } } };
}

function comparedWith(before: Readonly<Record<string, Spoken>>, { revisions }: Spoken): Finding {
  const got = `It speaks ${revisions}.`;
  const other = Object.entries(before).find(([, spoken]) => spoken.revisions !== revisions);
  return other ? warning("replicas-differ", `${got} ${other[0]} speaks ${other[1].revisions}.`) : ok(got);
}

function faultOf(answer: Answer): Finding | undefined {
  const got = said(answer);
  if (answer.state === "unanswered") {
    return failed(/redirect/.test(answer.reason) ? "replica-redirects" : "replica-unreachable", got);
  }
  if (answer.state === "silent") return failed("replica-unreachable", got);
  if (answer.status === 403 || answer.status === 421) return failed("replica-blocks-host", got);
  return answer.status >= 500 ? failed("replica-5xx", got) : undefined;
}
