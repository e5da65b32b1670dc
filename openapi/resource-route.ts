import { z } from "@hono/zod-openapi";

/** The parts that the REST routes of every resource share. */

/** A path's name is looked up, not validated: whatever names nothing is a 404. */
export function nameParam(noun: string, example: string) {
  return z.object({
    name: z.string().openapi({ param: { name: "name", in: "path" }, description: `The ${noun}'s name`, example }),
  });
}

export const ifMatch = z.object({
  "if-match": z
    .string()
    .optional()
    .openapi({ description: "The ETag read before; another state in the store gives 412", example: '"5b0f6c9e-3"' }),
});

export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true as const, content: { "application/json": { schema } } };
}

const etag = {
  ETag: { description: "The stored state, for If-Match", schema: { type: "string" as const, example: '"5b0f6c9e-1"' } },
};

/** One resource, with the tag of its state. */
export function resourceAnswer<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, headers: etag, content: { "application/json": { schema } } };
}

export function createdAnswer<Schema extends z.ZodType>(schema: Schema, description: string) {
  const location = { description: "The new resource's URL", schema: { type: "string" as const } };
  return { ...resourceAnswer(schema, description), headers: { ...etag, Location: location } };
}

/** As many as a list without `limit` has at most. */
export const maxListed = 10_000;
export const maxPerPage = 1000;
export type ListQuery = z.infer<typeof listQuery>;

/** Which page of a list; all of it without. */
export const listQuery = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(maxPerPage)
    .optional()
    .openapi({
      description: `Resources per page. Without it there is one page of at most ${maxListed}.`,
      example: 100,
    }),
  cursor: z
    .string()
    .max(256)
    .optional()
    .openapi({ description: "As in the `Link` header of the page before", example: "d2VhdGhlcg" }),
});

/** A page of resources, in order of name. */
export function listAnswer<Schema extends z.ZodType>(schema: Schema, description: string) {
  const link = {
    description: 'The URL of the next page, with `rel="next"` (RFC 8288); absent at the last one',
    schema: {
      type: "string" as const,
      example: '<http://localhost:8000/adapters?limit=100&cursor=d2VhdGhlcg>; rel="next"',
    },
  };
  return { ...jsonAnswer(z.array(schema), description), headers: { Link: link } };
}

export function jsonAnswer<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}
