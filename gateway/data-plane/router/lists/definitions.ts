import { isSpecType } from "@modelcontextprotocol/server";
import { maxToolBytes } from "../../../../openapi/tools.ts";
import type { ListedKind } from "../listing.ts";
import { withoutParamHeaders } from "./param-headers.ts";
import { isObject } from "../../message.ts";

/** One entry of a server's list, such that any client can take it. */
export type Definition = {
  /** What the server calls it: its name, URI or URI template. */
  readonly name: string;
  /** Without `x-mcp-header`. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** A tool's, as the server gave it. */
  readonly inputSchema: unknown;
};

export type ReadDefinition = { readonly definition: Definition; readonly text: string };

const maxNameLength = 1024;
/** JSON that is nested deeper overflows somebody's stack. */
const maxDepth = 100;

/** Which field names an entry, and whether a client can take it at all: one bad entry makes it refuse the whole list. */
const kinds = {
  tools: { key: "name", isValid: isSpecType.Tool },
  prompts: { key: "name", isValid: isSpecType.Prompt },
  resources: { key: "uri", isValid: isSpecType.Resource },
  resourceTemplates: { key: "uriTemplate", isValid: isSpecType.ResourceTemplate },
} as const;

/** The field by which a list's entries are told apart. */
export function keyOf(kind: ListedKind): "name" | "uri" | "uriTemplate" {
  return kinds[kind].key;
}

/** An entry of a server's list, and its JSON; undefined when it is too large, too deep, or none by the specification. */
export function readDefinition(kind: ListedKind, entry: unknown): ReadDefinition | undefined {
  const { key, isValid } = kinds[kind];
  if (!isObject(entry) || depthExceeds(entry, maxDepth)) return undefined;
  const name = entry[key];
  if (typeof name !== "string" || !isTakeable(name)) return undefined;
  const text = JSON.stringify(entry);
  if (Buffer.byteLength(text) > maxToolBytes || !isValid(entry)) return undefined;
  return { definition: { name, ...shownForm(entry, text) }, text };
}

function isTakeable(name: string): boolean {
  return name !== "" && name.length <= maxNameLength && name.isWellFormed();
}

function shownForm(entry: Record<string, unknown>, text: string): Omit<Definition, "name"> {
  const { inputSchema } = entry;
  if (!isObject(inputSchema)) return { definition: entry, inputSchema: undefined };
  const withoutHeaders = text.includes('"x-mcp-header"') ? withoutParamHeaders(inputSchema) : inputSchema;
  const shown = withObjectProperties(withoutHeaders as Record<string, unknown>);
  return { definition: shown === inputSchema ? entry : { ...entry, inputSchema: shown }, inputSchema };
}

/** Clients of the legacy era refuse a list in which a property's schema is `true` or `false`; these say the same. */
function withObjectProperties(schema: Record<string, unknown>): Record<string, unknown> {
  const { properties } = schema;
  if (!isObject(properties) || !Object.values(properties).some((value) => typeof value === "boolean")) return schema;
  const changed = Object.entries(properties).map(([name, value]) => [name, asObject(value)] as const);
  return { ...schema, properties: Object.fromEntries(changed) };
}

function asObject(schema: unknown): unknown {
  if (typeof schema !== "boolean") return schema;
  return schema ? {} : { not: {} };
}

function depthExceeds(value: unknown, max: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return max === 0 || Object.values(value).some((item) => depthExceeds(item, max - 1));
}
