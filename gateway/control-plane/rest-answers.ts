import type { z } from "@hono/zod-openapi";
import type { Context, HonoRequest } from "hono";
import { maxPerPage } from "../../openapi/resource-route.ts";
import type { logsQuery } from "../../openapi/workload.ts";
import { type ProblemStatus, problem } from "../problem.ts";
import type { RestEnv } from "../rest.ts";
import type { LogRequest, Logs } from "../runtime/runtime.ts";
import type { Resource } from "../store/store.ts";
import type { Refusal } from "./refusal.ts";
import { tagOf } from "./resources.ts";

const statusOf: Record<Refusal["why"], ProblemStatus> = {
  invalid: 400,
  forbidden: 403,
  absent: 404,
  exists: 409,
  managed: 409,
  stale: 412,
  unrunnable: 422,
};

export type RestSurroundings = {
  /** The origin by which the caller knows this gateway. */
  readonly originOf: (request: Request) => string;
  /** Ends what would go on for ever. */
  readonly closing: AbortSignal;
};

export function refusal({ why, detail }: Refusal, requestId: string) {
  return problem(statusOf[why], detail, requestId);
}

export function etag(resource: Resource): string {
  return `"${tagOf(resource)}"`;
}

/** RFC 8288: where the next page is, if there is one, of as many as this one; more than fit one page come in largest ones. */
export function nextLink(
  next: string | null,
  {
    request,
    originOf,
    limit = maxPerPage,
  }: { request: HonoRequest; originOf: RestSurroundings["originOf"]; limit?: number },
): { link?: string } {
  if (next === null) return {};
  const { path, raw } = request;
  return { link: `<${originOf(raw)}${path}?limit=${limit}&cursor=${next}>; rel="next"` };
}

/** RFC 9110 §13.1.1: `*` is any state. Whatever we never gave out is compared too, and equals none. */
export function tagIn(ifMatch: string | undefined): string | undefined {
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  return /^(?:W\/)?"(.*)"$/.exec(ifMatch.trim())?.[1] ?? "";
}

export function logRequestOf(query: z.infer<typeof logsQuery>, signal: AbortSignal): LogRequest {
  const { instance, tail, follow, previous } = query;
  return { instance, tailLines: tail, follow: follow === "true", previous: previous === "true", signal };
}

/** The lines as they come; those that follow may take for ever, and then end with the connection. Typed as never, as a problem is: it stands in for what a route's contract lists. */
export function logsAnswer(
  c: Context<RestEnv>,
  logs: Logs | Refusal,
  noun: string,
  { instance, follow }: Pick<LogRequest, "instance" | "follow">,
): never {
  const { requestId } = c.var;
  switch (logs.state) {
    case "refused":
      return refusal(logs, requestId);
    case "absent":
      return problem(404, `The ${noun} has no instance ${instance}.`, requestId);
    case "starting":
      return c.text(
        `Logs are not yet available for instance ${instance} (pod is starting). Try again in a few seconds.`,
        200,
      ) as never;
    case "open":
      return c.body(logs.lines, 200, {
        "content-type": "text/plain; charset=utf-8",
        "x-accel-buffering": "no",
        ...(follow && { connection: "close" }),
      }) as never;
  }
}
