import type { Answer, Answered } from "../answer.ts";
import type { Known } from "../known.ts";
import { failed, type Finding, type Found, ok, type Step, warning } from "../step.ts";
import { said, statusOf } from "../words.ts";
import type { ClientParts, Target } from "./parts.ts";
import { isRedirect, redirectFinding } from "./redirect.ts";

/** Who stands before the MCP endpoint, and whether strangers are let through, told off or sent away. */
export function doorStep(parts: ClientParts): Step<Known> {
  const { target, door, anonymous, hasCredentials, network, vantage, limits } = parts;
  return {
    id: "door",
    title: "Front door",
    expected: "An answer to a stranger's first request: 401 where a token is needed, no redirect, no other refusal",
    unless: ({ stop }) => stop,
    async take() {
      const answer = await door.ask(anonymous.modern("server/discover"));
      if (answer.state !== "answered") return stopped(await unansweredFinding(answer));
      const { status } = answer;
      if (isRedirect(status)) return stopped(await redirectFinding(answer, parts));
      if (status === 403 || status === 421) return refused(answer);
      if (status === 429) return { ...warning("rate-limited", said(answer)), learned: { door: answer } };
      const got = status === 401 ? "It asks for a token" : status >= 500 ? "It answers" : "It asks for no token";
      return { ...ok(`${got}: ${statusOf(answer)}.`), learned: { door: answer } };
    },
  };

  async function unansweredFinding(answer: Exclude<Answer, Answered>): Promise<Finding> {
    const got = said(answer);
    if (answer.state === "silent") return failed("no-answer", got);
    const isBroken = answer.why === "broken" || answer.why === "not-http";
    if (isBroken && !target.isTls && (await speaksTls())) return failed("tls-needed", got);
    return failed(wordOf(answer.why), got);
  }

  async function speaksTls(): Promise<boolean> {
    if (typeof network === "string") return false;
    return (await network.handshake(target.hostname, target.port, limits.connectMs)).state === "secure";
  }

  /** Where every path is closed it is the host or a wall; where one is, it is the caller. */
  async function refused(answer: Answered): Promise<Found<Known>> {
    const got = said(answer);
    // Who asks from inside has passed the gateway's own door by this very Host.
    if (vantage === "outside" && (await isForTheHost(answer))) {
      return stopped(failed("blocked-host", `${got} The Host was ${hostOf(target)}.`));
    }
    if (hasCredentials) return { ...ok(`A stranger may not: ${statusOf(answer)}.`), learned: { door: answer } };
    return stopped(failed(vantage === "outside" ? "forbidden" : "replica-blocks-host", got));
  }

  async function isForTheHost({ status, text }: Answered): Promise<boolean> {
    if (status === 421 || target.path === routerPath || /\bhost\b/i.test(text.slice(0, 1000))) return true;
    const elsewhere = anonymous.modern("server/discover");
    const answer = await door.ask({ ...elsewhere, url: new URL(routerPath, elsewhere.url).href });
    return answer.state === "answered" && answer.status === 403;
  }
}

/** Everybody may ask the tool router, and a server that has none says 404. */
const routerPath = "/mcp";

function wordOf(why: Extract<Answer, { state: "unanswered" }>["why"]) {
  switch (why) {
    case "refused":
      return "connection-refused";
    case "unresolved":
      return "name-unresolved";
    case "untrusted":
      return "certificate-untrusted";
    case "tls":
      return "tls-failed";
    case "not-http":
      return "not-http";
    case "head-too-large":
      return "head-too-large";
    case "broken":
    case "not-asked":
      return "connection-broken";
  }
}

function stopped(finding: Finding): Found<Known> {
  return { ...finding, learned: { stop: "The front door was not passed." } };
}

function hostOf({ origin }: Target): string {
  return origin.slice(origin.indexOf("://") + 3);
}
