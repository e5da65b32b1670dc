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

export function jsonAnswer<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}
