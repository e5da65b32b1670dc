import type { Problem } from "../openapi/problem.ts";

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 500 | 503;

/** An RFC 9457 answer. Typed as never: it stands in for whatever a route's contract lists under that status. */
export function problem(
  status: ProblemStatus,
  detail: string,
  requestId: string,
  extra: { errors?: Problem["errors"]; headers?: Record<string, string> } = {},
): never {
  const body: Problem = { type: "about:blank", title: titles[status], status, detail, requestId, errors: extra.errors };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...extra.headers },
  }) as never;
}

const titles: Record<ProblemStatus, string> = {
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
};
