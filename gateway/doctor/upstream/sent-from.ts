import type { Sent } from "../send.ts";

/** What the data plane says became of a request to a replica. */
type Forwarded =
  | { readonly state: "answered"; readonly response: Response }
  | { readonly state: "refused" | "abandoned" }
  | { readonly state: "broken"; readonly reason: string };

export function sentFrom(forwarded: Forwarded): Sent {
  switch (forwarded.state) {
    case "answered":
      return forwarded;
    case "refused":
      return { state: "unanswered", why: "refused", reason: "it takes no connection" };
    case "broken":
      return { state: "unanswered", why: "broken", reason: forwarded.reason };
    case "abandoned":
      return { state: "unanswered", why: "broken", reason: "it was not waited for" };
  }
}
