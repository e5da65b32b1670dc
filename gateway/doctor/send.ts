/** Gets a request to where it belongs, without following redirects. Never rejects. */
export type Send = (request: Request) => Promise<Sent>;

export type Sent = { readonly state: "answered"; readonly response: Response } | Unsent;

/** Why there is no answer; `reason` in words. */
export type Unsent = {
  readonly state: "unanswered";
  readonly why: "refused" | "unresolved" | "untrusted" | "tls" | "not-http" | "head-too-large" | "broken" | "not-asked";
  readonly reason: string;
};

/** What a client's own fetch does. A connection for each request, so that a balancer before several servers shows itself. */
export function sendOverNetwork(fetch: (request: Request, init: object) => Promise<Response>, ca?: string[]): Send {
  const init = { redirect: "manual", keepalive: false, ...(ca && { tls: { ca } }) };
  return async (request) => {
    try {
      return { state: "answered", response: await fetch(request, init) };
    } catch (error) {
      return unsent(error);
    }
  };
}

/** By the codes of Bun's fetch. */
function unsent(error: unknown): Unsent {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  const reason = code || (error instanceof Error ? error.message : "no reason given");
  return { state: "unanswered", why: whyOf(code), reason };
}

function whyOf(code: string): Unsent["why"] {
  switch (code) {
    case "ECONNREFUSED":
    case "ConnectionRefused":
      return "refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "unresolved";
    case "EPROTO":
      return "tls";
    case "Malformed_HTTP_Response":
      return "not-http";
    case "ResponseHeadersTooLarge":
      return "head-too-large";
    default:
      return /CERT|VERIFY|SELF_SIGNED|ISSUER/.test(code) ? "untrusted" : "broken";
  }
}
