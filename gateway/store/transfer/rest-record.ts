import { z } from "zod";
import { AdapterData } from "../../../openapi/adapters.ts";
import { ServerData } from "../../../openapi/servers.ts";
import { ToolData } from "../../../openapi/tools.ts";
import type { Bodies, Kind } from "../store.ts";
import { whyInvalid } from "./record.ts";

/** `found`: it is made where its pods are, by whichever gateway finds them. */
export type RestRecord =
  | { state: "fit"; body: Bodies[Kind]; notes: readonly string[] }
  | { state: "found"; name: string }
  | { state: "unfit"; name: string | undefined; why: string };

const dataSchemas = { adapter: AdapterData, server: ServerData, tool: ToolData } satisfies Record<Kind, z.ZodType>;

/** With an offset and up to seven digits of a second, as .NET writes it; kept as JavaScript does. */
const Time = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());
const Provenance = z.object({ createdBy: z.string().min(1), createdAt: Time, lastUpdatedAt: Time });

const Named = z.looseObject({ name: z.string() });
const microsoftPort = 443;
const usualPort = 8000;

/** A resource of a REST answer as a record. Nulls count as left out, and what is left out has the contract's default. */
export function recordFrom(kind: Kind, item: unknown): RestRecord {
  const named = Named.safeParse(item);
  if (!named.success) return { state: "unfit", name: undefined, why: "it has no name" };
  const { name, managedBy } = named.data;
  if (managedBy === "kubernetes") return { state: "found", name };
  const { value, notes } = adjusted(withoutNulls(named.data), name, "pod" in named.data);
  const data = dataSchemas[kind].safeParse(value);
  if (!data.success) return { state: "unfit", name, why: whyInvalid(data.error) };
  const provenance = Provenance.safeParse(value);
  if (!provenance.success) return { state: "unfit", name, why: whyInvalid(provenance.error) };
  const body = { id: name, ...data.data, ...provenance.data } as Bodies[Kind];
  return { state: "fit", body, notes };
}

/** What the Microsoft gateway lets be and this one does not. Ours says `pod` of each workload, and means what it says. */
function adjusted(value: Record<string, unknown>, name: string, isOurs: boolean) {
  const { toolDefinition } = value;
  if (!isObject(toolDefinition) || isOurs) return { value: withoutNullsInTool(value), notes: [] };
  const notes: string[] = [];
  const definition = { ...toolDefinition };
  if (definition["port"] === microsoftPort) {
    definition["port"] = usualPort;
    notes.push("port 443, which its Service never had, became 8000");
  }
  const { tool } = definition;
  if (isObject(tool) && tool["name"] !== name) {
    definition["tool"] = { ...tool, name };
    notes.push("the tool in it got the same name");
  }
  return { value: withoutNullsInTool({ ...value, toolDefinition: definition }), notes };
}

/** Not within schemas and `_meta`: there a null says something. */
function withoutNullsInTool(value: Record<string, unknown>): Record<string, unknown> {
  const { toolDefinition } = value;
  if (!isObject(toolDefinition)) return value;
  const definition = withoutNulls(toolDefinition);
  const { tool } = definition;
  if (!isObject(tool)) return { ...value, toolDefinition: definition };
  const { annotations, ...bare } = withoutNulls(tool);
  const kept = isObject(annotations) ? { ...bare, annotations: withoutNulls(annotations) } : bare;
  return { ...value, toolDefinition: { ...definition, tool: kept } };
}

function withoutNulls(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
