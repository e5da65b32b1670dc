const annotation = "x-mcp-header";
/** RFC 9110 §5.6.2 */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const annotatedTypes: readonly unknown[] = ["string", "integer", "boolean"];
import { isObject } from "../../message.ts";

const maxHeaders = 64;
const maxNameLength = 256;
const maxValueLength = 8192;
/** Deeper properties are not looked at. */
const maxDepth = 32;

/**
 * The `Mcp-Param-*` headers that a call must have (2026-07-28, custom headers from tool parameters): the server compares
 * them with the body. What breaks the rules is no annotation: the server must not expect a header for it.
 */
export function paramHeaders(inputSchema: unknown, args: unknown): Record<string, string> {
  const headers = new Map<string, [string, string]>();
  collect(inputSchema, args, 0);
  return Object.fromEntries(headers.values());

  function collect(schema: unknown, value: unknown, depth: number): void {
    if (!isObject(schema) || !isObject(schema.properties) || !isObject(value) || depth > maxDepth) return;
    for (const [name, property] of Object.entries(schema.properties)) {
      if (!isObject(property) || !Object.hasOwn(value, name)) continue;
      add(property, value[name]);
      collect(property, value[name], depth + 1);
    }
  }

  function add(property: Record<string, unknown>, value: unknown): void {
    const name = Object.hasOwn(property, annotation) ? property[annotation] : undefined;
    const text = textOf(value);
    if (typeof name !== "string" || name.length > maxNameLength || !token.test(name) || text === undefined) return;
    // Case tells no two headers apart.
    const isTaken = headers.has(name.toLowerCase()) || headers.size >= maxHeaders;
    if (isTaken || !annotatedTypes.includes(property.type)) return;
    headers.set(name.toLowerCase(), [`Mcp-Param-${name}`, encoded(text)]);
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.length <= maxValueLength ? value : undefined;
  return typeof value === "boolean" || Number.isSafeInteger(value) ? String(value) : undefined;
}

/** Plain where a header can carry it as it is, and where it does not look like the coding itself. */
function encoded(text: string): string {
  const isPlain = /^[!-~]([\t -~]*[!-~])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

/** Keywords that hold schemas by names of the schema's own choice, and keywords that hold no schema. */
const mapsOfSchemas = new Set(["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"]);
const data = new Set(["const", "default", "enum", "examples"]);

/**
 * The schema without the annotations, since clients must not send such headers to the router. The same object where there
 * are none. For schemas whose depth is known to be bounded.
 */
export function withoutParamHeaders(schema: unknown): unknown {
  if (Array.isArray(schema)) return mapped(schema);
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema);
  const kept = entries
    .filter(([key]) => key !== annotation)
    .map(([key, value]) => [key, data.has(key) ? value : withoutIn(key, value)] as const);
  const isSame = kept.length === entries.length && kept.every(([key, value]) => value === schema[key]);
  return isSame ? schema : Object.fromEntries(kept);
}

function withoutIn(key: string, value: unknown): unknown {
  if (!mapsOfSchemas.has(key) || !isObject(value)) return withoutParamHeaders(value);
  const entries = Object.entries(value);
  const changed = entries.map(([name, schema]) => [name, withoutParamHeaders(schema)] as const);
  return changed.every(([name, schema]) => schema === value[name]) ? value : Object.fromEntries(changed);
}

function mapped(schemas: readonly unknown[]): readonly unknown[] {
  const changed = schemas.map(withoutParamHeaders);
  return changed.every((schema, i) => schema === schemas[i]) ? schemas : changed;
}
