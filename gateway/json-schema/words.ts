import type { ErrorObject } from "ajv";

const maxFaults = 5;
const maxNameLength = 60;
const maxTextLength = 200;
const maxPathNames = 16;

/**
 * What is wrong with a value, for whoever can put it right, a model most of all: `arguments.city is missing;
 * arguments.days must be <= 5`. Names out of the value are quoted where they are not plain, and cut.
 */
export function faultsIn(errors: readonly ErrorObject[], value: unknown, name: string): string {
  const faults = new Set<string>();
  for (const error of errors) {
    if (faults.size === maxFaults) {
      faults.add("and more");
      break;
    }
    faults.add(faultOf(error, value, name));
  }
  return [...faults].join("; ") || `${name} does not match the schema`;
}

/** Quoted as JSON, on one line and not too long. */
export function cut(text: string): string {
  return quoted(text, maxTextLength);
}

function faultOf({ keyword, instancePath, params, message }: ErrorObject, value: unknown, name: string): string {
  const at = name + pathOf(instancePath, value);
  switch (keyword) {
    case "required":
      return `${at}${step(params.missingProperty)} is missing`;
    case "additionalProperties":
      return `${at}${step(params.additionalProperty)} is not allowed`;
    case "unevaluatedProperties":
      return `${at}${step(params.unevaluatedProperty)} is not allowed`;
    case "propertyNames":
      return `${at} has a name that is not allowed: ${quoted(String(params.propertyName), maxNameLength)}`;
    case "dependentRequired":
    case "dependencies":
      return `${at}${step(params.missingProperty)} is missing, since there is ${quoted(String(params.property), maxNameLength)}`;
    case "type":
      return `${at} must be ${[params.type].flat().join(" or ")}`;
    case "enum":
      return `${at} must be one of ${oneOf(params.allowedValues)}`;
    case "const":
      return `${at} must be ${shortened(JSON.stringify(params.allowedValue), maxTextLength)}`;
    case "pattern":
      return `${at} must match the pattern ${cut(String(params.pattern))}`;
    case "false schema":
      return `${at} is not allowed`;
  }
  return `${at} ${plain(message ?? "is not valid")}`;
}

function oneOf(values: readonly unknown[]): string {
  return shortened(values.map((value) => JSON.stringify(value)).join(", "), maxTextLength);
}

/** A JSON pointer as a program would write it: `.days[0]["a b"]`. */
function pathOf(pointer: string, value: unknown): string {
  if (pointer === "") return "";
  const names = pointer.slice(1).split("/");
  let path = "";
  let parent = value;
  for (const escaped of names.slice(0, maxPathNames)) {
    const name = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    path += Array.isArray(parent) ? `[${name}]` : step(name);
    parent = childOf(parent, name);
  }
  return names.length > maxPathNames ? `${path}…` : path;
}

function childOf(parent: unknown, name: string): unknown {
  if (typeof parent !== "object" || parent === null || !Object.hasOwn(parent, name)) return undefined;
  return (parent as Record<string, unknown>)[name];
}

function step(name: string): string {
  return /^[A-Za-z_$][\w$-]{0,59}$/.test(name) ? `.${name}` : `[${quoted(name, maxNameLength)}]`;
}

function quoted(text: string, maxLength: number): string {
  return plain(JSON.stringify(shortened(text, maxLength)));
}

function shortened(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/** No control or format characters, which could end a line or turn the text around. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}
