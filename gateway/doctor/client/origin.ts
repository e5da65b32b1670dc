import type { Answer, Answered } from "../answer.ts";
import type { Known } from "../known.ts";
import { failed, type Finding, ok, type Step, skipped, warning } from "../step.ts";
import { inWords, said, statusOf } from "../words.ts";
import type { ClientParts } from "./parts.ts";

/** No page is there, and none ever will be (RFC 2606 §2). */
export const foreignOrigin = "https://doctor.invalid";

/** What a page would send that was loaded from elsewhere, and what a page is told that may call. */
export function originSteps({ door, anonymous, pageOrigin }: ClientParts): Step<Known>[] {
  return [
    {
      id: "foreign-origin",
      title: "Foreign Origin",
      expected: "A web page from elsewhere is refused with 403, or not let through without a token",
      unless: ({ stop }) => stop,
      async take() {
        return foreignFinding(await door.ask(anonymous.modern("server/discover", {}, { origin: foreignOrigin })));
      },
    },
    {
      id: "cors",
      title: "CORS",
      expected: "The page may send what MCP clients send, and read the session id and the challenge",
      unless: ({ stop }) => stop ?? (pageOrigin === undefined ? "No page's origin was given." : undefined),
      async take() {
        const origin = pageOrigin as string;
        const allowed = preflightFinding(await door.ask(preflightOf(anonymous.modern("ping").url, origin)), origin);
        if (allowed.outcome !== "ok") return allowed;
        return answerFinding(await door.ask(anonymous.modern("server/discover", {}, { origin })), origin);
      },
    },
  ];
}

function foreignFinding(answer: Answer): Finding {
  const got = said(answer);
  if (answer.state !== "answered") return skipped(got);
  const { status, message } = answer;
  if (status === 403 || status === 401) return ok(got);
  return message && status < 500 ? warning("origin-unchecked", got) : skipped(`${got} That is no MCP server's answer.`);
}

/** What MCP clients of both eras send beside what needs no permission. */
const askedHeaders = [
  "authorization",
  "content-type",
  "mcp-protocol-version",
  "mcp-session-id",
  "mcp-method",
  "last-event-id",
];

function preflightOf(url: string, origin: string) {
  const headers = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": askedHeaders.join(","),
  };
  return { url, method: "OPTIONS", headers };
}

export function preflightFinding(answer: Answer, origin: string): Finding {
  const got = `The preflight: ${inWords(answer)}.`;
  if (answer.state !== "answered") return failed("no-cors", got);
  if (answer.status === 403) return failed("blocked-origin", `${got} The Origin was ${origin}.`);
  if (answer.status === 401) return failed("preflight-guarded", got);
  if (answer.status < 200 || answer.status > 299 || !allows(answer, origin)) return failed("no-cors", got);
  const missing = askedHeaders.filter((name) => !listed(answer, "access-control-allow-headers", name));
  return missing.length > 0 ? failed("no-cors", `The preflight does not allow ${missing.join(", ")}.`) : ok(got);
}

const readHeaders = ["mcp-session-id", "www-authenticate"];

export function answerFinding(answer: Answer, origin: string): Finding {
  if (answer.state !== "answered") return failed("no-cors", said(answer));
  if (answer.status === 403) return failed("blocked-origin", `${statusOf(answer)}. The Origin was ${origin}.`);
  if (!allows(answer, origin)) return failed("no-cors", `The answer itself has no Access-Control-Allow-Origin.`);
  const hidden = readHeaders.filter((name) => !listed(answer, "access-control-expose-headers", name));
  if (hidden.length > 0) return failed("hidden-headers", `The page cannot read ${hidden.join(", ")}.`);
  return ok(`${origin} may call and read.`);
}

function allows({ headers }: Answered, origin: string): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return allowed === "*" || allowed === origin;
}

/** `*` does not cover Authorization (Fetch standard, CORS-safelisted names aside). */
function listed({ headers }: Answered, header: string, name: string): boolean {
  const names = (headers.get(header) ?? "")
    .toLowerCase()
    .split(",")
    .map((item) => item.trim());
  return names.includes(name) || (names.includes("*") && name !== "authorization");
}
