import type { IncomingMessage, ServerResponse } from "node:http";
import { type Body, bodyReader } from "./body.ts";
import type { WebhookLimits } from "./limits.ts";
import type { Outcome, Reviewed } from "./review.ts";

/** Where API servers ask. */
export const webhookPath = "/inject";

export type EndpointEvents = {
  reviewed(what: { pod: string; ms: number } & Outcome): unknown;
  /** What came was no review, so nobody was answered; `status` is HTTP's. */
  notReviewed(what: { status: number; why: string }): unknown;
};

export type Endpoint = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Whoever sends a review gets one back, with the same uid. Anybody else gets a status and a sentence, and the connection is closed.
 */
export function endpoint({
  review,
  now,
  events,
  limits,
}: {
  review: (body: string) => Reviewed;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  events: EndpointEvents;
  limits: WebhookLimits;
}): Endpoint {
  const readBody = bodyReader(limits);
  return async (request, response) => {
    const begunMs = now();
    const misplaced = misplacedIn(request);
    if (misplaced) return refuse(response, misplaced);
    const body = await readBody(request);
    if (body.state !== "read") return refuse(response, unread[body.state]);
    const reviewed = review(body.text);
    if (reviewed.state === "unreadable") return refuse(response, { status: 400, why: reviewed.why });
    send(response, 200, "application/json", JSON.stringify(reviewed.answer));
    events.reviewed({ pod: reviewed.pod, ms: now() - begunMs, ...reviewed.outcome });
  };

  function refuse(response: ServerResponse, refusal: Refusal): void {
    const { status, why, allow } = refusal;
    events.notReviewed({ status, why });
    if (response.destroyed) return;
    if (allow) response.setHeader("allow", allow);
    // What else comes of the request is not read.
    response.setHeader("connection", "close");
    send(response, status, "text/plain; charset=utf-8", `${why}\n`);
  }
}

type Refusal = { readonly status: number; readonly why: string; readonly allow?: string };

function misplacedIn({ method, url = "", headers }: IncomingMessage): Refusal | undefined {
  // The API server appends how long it waits.
  if (url.split("?", 1)[0] !== webhookPath) return { status: 404, why: `Reviews are taken at ${webhookPath}.` };
  if (method !== "POST") return { status: 405, why: "A review is sent by POST.", allow: "POST" };
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  return type === "application/json" ? undefined : { status: 415, why: "A review is sent as application/json." };
}

const unread: Readonly<Record<Exclude<Body["state"], "read">, Refusal>> = {
  "too-large": { status: 413, why: "The review is larger than any pod can be." },
  "too-slow": { status: 408, why: "The review did not arrive in time." },
  "too-many": { status: 503, why: "Too much is being sent at once." },
  "not-utf-8": { status: 400, why: "The body is not UTF-8." },
  gone: { status: 400, why: "The body broke off." },
};

function send(response: ServerResponse, status: number, type: string, text: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(status, { "content-type": type, "content-length": bytes.byteLength });
  response.end(bytes);
}
