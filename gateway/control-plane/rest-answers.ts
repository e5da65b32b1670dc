import type { Context } from "hono";
import { type ProblemStatus, problem } from "../problem.ts";
import type { RestEnv } from "../rest.ts";
import type { Logs } from "../runtime/runtime.ts";
import type { Resource } from "../store/store.ts";
import type { Refusal } from "./refusal.ts";
import { tagOf } from "./resources.ts";

const statusOf: Record<Refusal["why"], ProblemStatus> = {
  invalid: 400,
  forbidden: 403,
  absent: 404,
  exists: 409,
  stale: 412,
  unrunnable: 422,
};

export function refusal({ why, detail }: Refusal, requestId: string) {
  return problem(statusOf[why], detail, requestId);
}

export function etag(resource: Resource): string {
  return `"${tagOf(resource)}"`;
}

/** RFC 9110 §13.1.1: `*` is any state. Whatever we never gave out is compared too, and equals none. */
export function tagIn(ifMatch: string | undefined): string | undefined {
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  return /^(?:W\/)?"(.*)"$/.exec(ifMatch.trim())?.[1] ?? "";
}

/** The lines as they come. Typed as never, as a problem is: it stands in for what a route's contract lists. */
export function logsAnswer(c: Context<RestEnv>, logs: Logs | Refusal, noun: string, instance: number): never {
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
      }) as never;
  }
}
