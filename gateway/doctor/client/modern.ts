import type { Answer, Streamed } from "../answer.ts";
import { errorOf, messagesIn, type RpcMessage, resultOf } from "../json-rpc.ts";
import type { Known } from "../known.ts";
import { failed, type Finding, type Found, ok, type Step, skipped, warning } from "../step.ts";
import { inWords, said, sentence } from "../words.ts";
import { unlessModern } from "./conditions.ts";
import type { ClientParts } from "./parts.ts";
import { streamFinding } from "./stream.ts";
import { toolsFinding } from "./tools.ts";

/** Header and body differ (2026-07-28). */
const headerMismatch = -32020;

/** What a client does of revision 2026-07-28, without sessions. */
export function modernSteps({ door, requests, limits }: ClientParts): Step<Known>[] {
  return [
    {
      id: "modern-tools",
      title: "Tools (2026-07-28)",
      expected: "A list of tools without a session, as `server/discover` promises",
      unless: unlessModern,
      async take({ modern }) {
        let session: string | null = null;
        const page = async (params: RpcMessage) => {
          const answer = await door.ask(requests.modern("tools/list", { ...params }));
          if (answer.state === "answered") session ??= answer.headers.get("mcp-session-id");
          return answer;
        };
        const found = await toolsFinding(page, "tools" in (modern?.capabilities ?? {}), limits);
        if (found.outcome === "failed" && found.word === "tools-refused") return mismatch(found.got);
        return session === null || found.outcome !== "ok" ? found : warning("modern-session-id", found.got);
      },
    },
    {
      id: "modern-headers",
      title: "Headers (2026-07-28)",
      expected: "400 with code -32020 for Mcp-Method that is not the body's",
      unless: unlessModern,
      async take() {
        return headersFinding(await door.ask(requests.modern("tools/list", {}, { "mcp-method": "prompts/list" })));
      },
    },
    {
      id: "modern-stream",
      title: "Stream (2026-07-28)",
      expected: "`subscriptions/listen` is acknowledged at once, and its stream stays open",
      unless: unlessModern,
      async take() {
        const listen = requests.modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
        return listenFinding(await door.watch(listen, { watchMs: limits.watchMs }));
      },
    },
  ];
}

function mismatch(got: string): Found<Known> {
  return { ...failed("era-mismatch", got), learned: { brokenPromise: "The server does not keep what it promises." } };
}

function headersFinding(answer: Answer): Finding {
  const got = said(answer);
  const isRefused = answer.state === "answered" && errorOf(answer.message)?.code === headerMismatch;
  return isRefused && answer.status === 400 ? ok(got) : warning("headers-unchecked", got);
}

/** The acknowledgement has to come first and at once, so its being late shows what holds streams back. */
function listenFinding(seen: Answer | Streamed): Finding {
  const got = `${sentence(seen.state === "streamed" ? "no event came" : inWords(seen))}.`;
  if (seen.state === "silent") return failed("stream-held-back", got);
  if (seen.state === "unanswered") return failed("connection-broken", got);
  if (seen.state === "answered") return answeredFinding(seen, got);
  if (seen.events.length === 0) return seen.end === "open" ? failed("stream-held-back", got) : streamFinding(seen);
  const [first] = messagesIn(seen.events[0]?.data ?? "");
  if (errorOf(first as RpcMessage)) return skipped("The server offers no subscriptions.");
  return streamFinding(seen);
}

function answeredFinding({ status, message }: Extract<Answer, { state: "answered" }>, got: string): Finding {
  if (status === 429) return warning("rate-limited", got);
  if (errorOf(message) && status < 500) return skipped(`The server offers no subscriptions (HTTP ${status}).`);
  return resultOf(message) ? skipped("The server has ended the subscription at once.") : failed("era-mismatch", got);
}
