import { estimatedTokens } from "../../data-plane/router/lists/tokens.ts";
import type { Answer } from "../answer.ts";
import { isMethodNotFound, type RpcMessage, resultOf } from "../json-rpc.ts";
import type { Known } from "../known.ts";
import type { DoctorLimits } from "../limits.ts";
import type { Session } from "../requests.ts";
import { failed, type Finding, ok, type Step, skipped, warning } from "../step.ts";
import { plural, said } from "../words.ts";
import { unlessInitialized } from "./conditions.ts";
import { bodyFault } from "./era.ts";
import type { ClientParts } from "./parts.ts";

/** The list of tools, as a client of the legacy era reads it. */
export function toolsStep({ door, requests, limits }: ClientParts): Step<Known> {
  return {
    id: "tools",
    title: "Tools",
    expected: "A list of tools that fits a model's context",
    unless: unlessInitialized,
    async take({ session }) {
      const { id, revision, capabilities } = session as Session & { capabilities: RpcMessage };
      const page = (params: RpcMessage) => door.ask(requests.legacy("tools/list", { id, revision }, params));
      return toolsFinding(page, "tools" in capabilities, limits);
    },
  };
}

/** Reads all pages, within limits, and says what came of them. */
export async function toolsFinding(
  ask: (params: RpcMessage) => Promise<Answer>,
  isPromised: boolean,
  limits: Pick<DoctorLimits, "toolPages" | "manyTokens">,
): Promise<Finding> {
  const tools: unknown[] = [];
  let cursor: unknown;
  let pages = 0;
  do {
    const answer = await ask(cursor === undefined ? {} : { cursor });
    const page = resultOf(answer.state === "answered" ? answer.message : undefined);
    if (!page || !Array.isArray(page["tools"])) return unlisted(answer, isPromised);
    tools.push(...page["tools"]);
    cursor = page["nextCursor"];
    pages++;
  } while (typeof cursor === "string" && pages < limits.toolPages);
  const tokens = estimatedTokens(tools);
  const more = typeof cursor === "string" ? ", and there are more pages" : "";
  const got = `${plural(tools.length, "tool")}, about ${plural(tokens, "token")} of a model's context${more}.`;
  return tokens > limits.manyTokens ? warning("many-tools", got) : ok(got);
}

function unlisted(answer: Answer, isPromised: boolean): Finding {
  const got = said(answer);
  if (answer.state === "silent") return failed("answer-held-back", got);
  if (answer.state !== "answered") return failed("connection-broken", got);
  if (!isPromised && isMethodNotFound(answer.message)) return skipped("The server says that it has no tools.");
  if (answer.status === 429) return warning("rate-limited", got);
  return bodyFault(answer) ?? failed("tools-refused", got);
}
