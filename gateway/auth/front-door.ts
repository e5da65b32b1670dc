import { type AllowedNames, allowsHost, allowsOrigin } from "./allowed-names.ts";
import { type Challenged, missingScopes } from "./challenge.ts";
import { fieldsOf, type HeaderFields } from "./header-fields.ts";
import type { Identified, Identify } from "./identify.ts";

/** `refused`: `challenge` says what would help, `detail` is for the caller, `reason` for the log. */
export type Admission = Extract<Identified, { state: "known" }> | Refusal;
export type Refusal = { state: "refused"; detail: string; reason: string } & (
  | { status: 401; challenge: Challenged }
  | { status: 403; challenge: Challenged | undefined }
  | { status: 503; challenge: undefined }
);

/** Asked once per request, on both planes, before anything else is done. Answers at once unless a token is new. */
export type FrontDoor = {
  /** `fields`: what the request's headers say, if they have been read already. */
  admit(request: Request, fields?: HeaderFields): Admission | Promise<Admission>;
};

/**
 * Host and Origin are checked against DNS rebinding: a page that a browser loaded from elsewhere must reach neither the
 * REST API nor an MCP server (specification, "Security Warning" of streamable HTTP). Then the caller is identified.
 * `requiredScopes` are for tokens that act for somebody; an app that acts for itself has roles instead.
 */
export function frontDoor({
  names,
  identify,
  requiredScopes = [],
  audiencesOf = () => [],
}: {
  names: AllowedNames;
  identify: Identify;
  requiredScopes?: readonly string[];
  /** What a token that is for single URLs may name, to be used with this request. */
  audiencesOf?: (request: Request) => readonly string[];
}): FrontDoor {
  /** Nearly always the next one, too. */
  let lastHost: string | undefined;

  return {
    admit(request, fields = fieldsOf(request)) {
      const host = fields["host"] ?? "";
      if (host !== lastHost && !allowsHost(names, host)) return notServed("Host", "ALLOWED_HOSTS");
      lastHost = host;
      const origin = fields["origin"];
      if (origin !== undefined && !allowsOrigin(names, origin)) return notServed("Origin", "ALLOWED_ORIGINS");
      const identified = identify(fields);
      return identified instanceof Promise ? admitLater(identified, request) : admissionOf(identified, request);
    },
  };

  async function admitLater(identified: Promise<Identified>, request: Request): Promise<Admission> {
    return admissionOf(await identified, request);
  }

  function admissionOf(identified: Identified, request: Request): Admission {
    switch (identified.state) {
      case "known":
        if (isForAnother(identified, request)) return { ...unauthorized, challenge: "bad-token", reason: "audience" };
        return lacksScope(identified) ? insufficient : identified;
      case "anonymous":
        return { ...unauthorized, challenge: "no-token", reason: "no-token" };
      case "refused":
        return { ...unauthorized, challenge: "bad-token", reason: identified.reason };
      case "unavailable":
        return { ...unavailable, reason: identified.reason };
    }
  }

  function isForAnother({ resources }: Extract<Identified, { state: "known" }>, request: Request): boolean {
    return resources !== undefined && new Set(resources).isDisjointFrom(new Set(audiencesOf(request)));
  }

  function lacksScope({ principal, scopes }: Extract<Identified, { state: "known" }>): boolean {
    if (requiredScopes.length === 0 || (scopes.length === 0 && principal.roles.length > 0)) return false;
    return missingScopes(requiredScopes, scopes).length > 0;
  }
}

/** One sentence for every stranger, whatever was wrong. */
const unauthorized = { state: "refused", status: 401, detail: "A valid bearer token is needed." } as const;
const unavailable = {
  state: "refused",
  status: 503,
  challenge: undefined,
  detail: "The identity provider cannot be reached. Try again soon.",
} as const;
const insufficient = {
  state: "refused",
  status: 403,
  challenge: "missing-scope",
  detail: "The token lacks a scope that is needed here.",
  reason: "scope",
} as const;

function notServed(what: "Host" | "Origin", setting: string): Admission {
  const detail = `This ${what} is not allowed; see ${setting}.`;
  return { state: "refused", status: 403, challenge: undefined, detail, reason: `${what.toLowerCase()}-not-allowed` };
}
