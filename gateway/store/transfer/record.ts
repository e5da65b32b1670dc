import { z } from "zod";
import { AdapterData, AdapterResource } from "../../../openapi/adapters.ts";
import { AuditEntry } from "../../../openapi/audit.ts";
import { ServerResource } from "../../../openapi/servers.ts";
import { ToolData, ToolResource } from "../../../openapi/tools.ts";
import { ResourceName } from "../../../openapi/workload.ts";
import { canonicalJson } from "../canonical-json.ts";
import type { Bodies, Kind, Resource, TrailEntry } from "../store.ts";
import { TransferFailure } from "./failure.ts";

const owner = z.string().optional();
const bodySchemas: Record<Kind, z.ZodType> = {
  adapter: AdapterResource.partial({ managedBy: true }).extend({
    environmentVariables: AdapterData.shape.environmentVariables.unwrap(),
    owner,
  }),
  server: ServerResource.extend({ owner }),
  tool: ToolResource.extend({ environmentVariables: ToolData.shape.environmentVariables.unwrap(), owner }),
};

/** In the order of the file. */
export const kinds = Object.keys(bodySchemas).sort() as Kind[];

const ResourceLine = z
  .object({
    kind: z.enum(kinds),
    name: ResourceName,
    uid: z.guid(),
    revision: z.int().min(1).max(2_147_483_647),
    deleting: z.boolean(),
    body: z.looseObject({ id: z.string(), name: z.string() }),
  })
  .refine(({ name, body }) => body.id === name && body.name === name, "The name is another one in the body.");

const EntryLine = AuditEntry.omit({ id: true }).extend({ uid: z.guid() });

/**
 * The resource that a stranger's JSON is, or why it is none. The body is checked and left as it is: what a later release
 * wrote into it besides is not lost.
 */
export function resourceFrom(value: unknown): Resource {
  const resource = checked(ResourceLine, value);
  checked(bodySchemas[resource.kind], resource.body);
  return { ...resource, body: resource.body as unknown as Bodies[Kind] };
}

export function entryFrom(value: unknown): TrailEntry {
  return checked(EntryLine, value);
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TransferFailure(whyInvalid(parsed.error));
}

/** Where and why, without the value: it may be a secret. */
export function whyInvalid({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join(".") || "record"}: ${issue?.message ?? "invalid"}`;
}

/** The one spelling of a record: equal records have equal texts, in whichever store they are. */
export function spell(record: object): string {
  const text = canonicalJson(record);
  if (text === undefined) throw new TransferFailure("A record nests deeper than 200: it cannot be moved.");
  return text;
}

/** Without what a store adds of its own. */
export function bare({ kind, name, uid, revision, deleting, body }: Resource): Resource {
  return { kind, name, uid, revision, deleting, body };
}

/** As people read it. */
export function titleOf({ kind, name }: { kind: Kind; name: string }): string {
  return `${kind} ${name}`;
}

export function byKindAndName(one: Resource, other: Resource): number {
  return compare(one.kind, other.kind) || compare(one.name, other.name);
}

/** By code unit, the same everywhere. */
export function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
