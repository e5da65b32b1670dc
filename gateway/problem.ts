import type { Problem } from "../openapi/problem.ts";

export type ProblemStatus = keyof typeof titles;

/** An RFC 9457 answer. Typed as never: it stands in for whatever a route's contract lists under that status. */
export function problem(
  status: ProblemStatus,
  detail: string,
  requestId: string,
  extra: { errors?: Problem["errors"]; allow?: string; challenge?: string } = {},
): never {
  const body: Problem = { type: "about:blank", title: titles[status], status, detail, requestId, errors: extra.errors };
  const headers = new Headers({ "content-type": "application/problem+json", "x-request-id": requestId });
  if (extra.allow) headers.set("allow", extra.allow);
  if (extra.challenge) headers.set("www-authenticate", extra.challenge);
  if (status === 503) headers.set("retry-after", "5");
  return new Response(JSON.stringify(body), { status, headers }) as never;
}

const titles = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;
