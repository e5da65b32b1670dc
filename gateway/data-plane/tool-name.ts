import { isObject } from "./message.ts";

/** Longer ones are cut where they are told. */
const maxNameLength = 128;

/** Which tool a message calls, if it calls one. */
export function toolIn(method: string, json: unknown): string | undefined {
  if (method !== "tools/call") return undefined;
  const params = isObject(json) ? json["params"] : undefined;
  const name = isObject(params) ? params["name"] : undefined;
  return typeof name === "string" ? name.slice(0, maxNameLength) : undefined;
}
