import { type AllowedNames, allowsHost, allowsOrigin } from "./allowed-names.ts";
import type { Identified, Identify } from "./identify.ts";

/** `refused` is what the caller hears; why exactly is for the log. */
export type Admission =
  | Extract<Identified, { state: "known" }>
  | { state: "refused"; status: 401; presented: boolean }
  | { state: "refused"; status: 403 | 503; detail: string };

/** Asked once per request, on both planes, before anything else is done. Answers at once unless a token is new. */
export type FrontDoor = { admit(request: Request): Admission | Promise<Admission> };

/**
 * Host and Origin are checked against DNS rebinding: a page that a browser loaded from elsewhere must reach neither the
 * REST API nor an MCP server (specification, "Security Warning" of streamable HTTP). Then the caller is identified.
 */
export function frontDoor({ names, identify }: { names: AllowedNames; identify: Identify }): FrontDoor {
  return {
    admit(request) {
      const { headers } = request;
      if (!allowsHost(names, headers.get("host") ?? "")) {
        return { state: "refused", status: 403, detail: "This Host is not served here; see ALLOWED_HOSTS." };
      }
      const origin = headers.get("origin");
      if (origin !== null && !allowsOrigin(names, origin)) {
        return { state: "refused", status: 403, detail: "This Origin is not allowed; see ALLOWED_ORIGINS." };
      }
      const identified = identify(headers);
      return identified instanceof Promise ? identified.then(admissionOf) : admissionOf(identified);
    },
  };
}

function admissionOf(identified: Identified): Admission {
  switch (identified.state) {
    case "known":
      return identified;
    case "anonymous":
      return { state: "refused", status: 401, presented: false };
    case "refused":
      return { state: "refused", status: 401, presented: true };
    case "unavailable":
      return { state: "refused", status: 503, detail: "The identity provider cannot be reached. Try again soon." };
  }
}
