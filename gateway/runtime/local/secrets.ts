import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SecretRef } from "../../../openapi/workload.ts";
import type { Variables } from "../runtime.ts";

export type Secrets = {
  /**
   * The variables with each secret's value, be it kept by the store or named by a reference.
   *
   * @throws Error that says which is missing, and where to put it
   */
  resolve(variables: Variables): Record<string, string>;
};

/**
 * Secrets of a laptop: `{directory}/{name}` or `{directory}/{name}/{key}`, as a Kubernetes Secret looks when it is
 * mounted, or else the gateway's variable SECRET_{NAME} or SECRET_{NAME}_{KEY}. No other file or variable can be named.
 */
export function localSecrets(from: {
  directory: string;
  environment: Readonly<Record<string, string | undefined>>;
}): Secrets {
  return {
    resolve(variables) {
      const entries = Object.entries(variables).map(([name, variable]) => {
        if (typeof variable === "string") return [name, variable] as const;
        return [name, "secret" in variable ? variable.secret : read(variable.secretRef)] as const;
      });
      return Object.fromEntries(entries);
    },
  };

  function read({ name, key }: SecretRef): string {
    const file = join(from.directory, name, key ?? "");
    const variable = `SECRET_${key === undefined ? name : `${name}_${key}`}`.toUpperCase().replace(/[^A-Z0-9]/g, "_");
    const value = contentOf(file) ?? from.environment[variable];
    if (value !== undefined) return value;
    const shown = key === undefined ? name : `${name}, key ${key},`;
    throw new Error(`The secret ${shown} is not there. Put it into ${file}, or start the gateway with ${variable}.`);
  }
}

/** Editors end files with a line break, and secrets have none. */
function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}
