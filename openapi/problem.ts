import { z } from "@hono/zod-openapi";

/** A failed REST call (RFC 9457). `detail` is for people, `errors` names each wrong field. */
export const Problem = z
  .object({
    type: z.string().openapi({ description: "A URI that names the kind of problem", example: "about:blank" }),
    title: z.string().openapi({ example: "Conflict" }),
    status: z.int().openapi({ description: "The HTTP status, repeated", example: 409 }),
    detail: z.string().openapi({ example: "The adapter with the same name already exist." }),
    requestId: z.string().openapi({
      description: "Also in the X-Request-Id header and in the gateway's log",
      example: "0b5c7f0e6f1f4a2e",
    }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({
        description: "The fields that are wrong, by path",
        example: [{ path: "replicaCount", message: "Too small: expected number to be >=0" }],
      }),
  })
  .openapi("Problem");
export type Problem = z.infer<typeof Problem>;

const problemContent = { "application/problem+json": { schema: Problem } };

/** The `responses` entries for these statuses, each a problem. */
export function problems<Status extends keyof typeof meanings>(...statuses: Status[]) {
  const answers = {} as Record<Status, { description: string; content: typeof problemContent }>;
  for (const status of statuses) answers[status] = { description: meanings[status], content: problemContent };
  return answers;
}

const meanings = {
  400: "The request is malformed, or a field is wrong; `errors` names it",
  401: "No valid identity",
  403: "The principal may not do this",
  404: "There is no such resource",
  409: "A resource with this name exists already, or was changed at the same moment",
  412: "If-Match names another revision than the stored one",
  413: "The body is larger than the gateway takes",
  415: "The body is not application/json",
  422: "Well formed, but this gateway cannot run it",
  503: "Not ready; try again after Retry-After seconds",
} as const;
