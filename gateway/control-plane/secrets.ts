import type { AdapterData } from "../../openapi/adapters.ts";

type Written = AdapterData["environmentVariables"];

/**
 * The variables to store: a secret that comes without its value keeps the one that is stored, so that what was read can be
 * written back. Gives the name of the first that has none to keep.
 */
export function keepSecrets(
  written: Written,
  stored: Written,
): { state: "kept"; variables: Written } | { state: "missing"; name: string } {
  const variables: Written = {};
  for (const [name, variable] of Object.entries(written)) {
    if (typeof variable === "string" || !("secret" in variable) || variable.value !== undefined) {
      variables[name] = variable;
      continue;
    }
    const before = stored[name];
    if (typeof before !== "object" || !("secret" in before)) return { state: "missing", name };
    variables[name] = before;
  }
  return { state: "kept", variables };
}
