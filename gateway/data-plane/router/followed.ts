import type { Call } from "../exchange.ts";
import type { Seen } from "../seen.ts";
import { watchedBody } from "../watched-body.ts";

/** The router's own answer, which no connection to a server tells of: `seen` sees it pass. */
export async function followed(response: Response, seen: Seen, silence: Call["silence"]): Promise<Response> {
  const type = response.headers.get("content-type") ?? undefined;
  if (response.body === null || type === undefined) return response;
  seen.hears(type);
  if (type.startsWith("text/event-stream")) {
    silence?.goesOn();
    return watchedBody(response, {
      saw: (piece) => seen.saw(piece),
      over(how) {
        silence?.ends();
        seen.ended(how === "broken" ? { state: how, reason: "the router's answer broke off" } : { state: how });
      },
    });
  }
  const bytes = await response.bytes();
  seen.saw(bytes);
  seen.ended({ state: "complete" });
  return new Response(bytes, response);
}
