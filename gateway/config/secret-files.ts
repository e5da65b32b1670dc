import { type Stats, readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";

/** Settings whose value is a secret, and may be in a file that the setting of this name with _FILE at its end points to. */
export const secretSettings = ["STORE_URL", "GATEWAY_KEYS"] as const;

export type ReadText = (path: string) => string;

/** Far more than a key or an address has. */
const maxSecretFileBytes = 64 * 1024;

type Resolved = {
  readonly variables: Readonly<Record<string, string>>;
  /** Settings whose value is a file's, so that what is wrong with it is said by the name of the file's setting. */
  readonly fromFiles: ReadonlySet<string>;
  readonly problems: readonly string[];
};

/** The variables with what is in secret files beside them. A file is read once here; whoever follows its changes reads on. */
export function withSecretFiles(variables: Readonly<Record<string, string>>, readText: ReadText): Resolved {
  const values: Record<string, string> = { ...variables };
  const fromFiles = new Set<string>();
  const problems: string[] = [];
  for (const name of secretSettings) {
    const file = variables[`${name}_FILE`];
    if (file === undefined) continue;
    if (variables[name] !== undefined) {
      problems.push(`${name}_FILE: set either this or ${name}, not both`);
      continue;
    }
    try {
      values[name] = readText(file).trim();
      fromFiles.add(name);
    } catch (error) {
      problems.push(`${name}_FILE: ${reasonIn(error, file)}`);
    }
  }
  return { variables: values, fromFiles, problems };
}

export function readSecretFile(path: string): string {
  refuseUnfit(statSync(path));
  return readFileSync(path, "utf8");
}

/** The same for a running gateway, which must not stand still while a volume answers slowly. */
export async function readSecretFileLater(path: string): Promise<string> {
  refuseUnfit(await stat(path));
  return readFile(path, "utf8");
}

/** Why a secret file cannot be read, in words that hold nothing of what is in it. */
export function reasonIn(error: unknown, path: string): string {
  if (error instanceof UnfitFile) return `${path} ${error.message}`;
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
  return `${path} cannot be read${code}`;
}

class UnfitFile extends Error {}

function refuseUnfit(found: Stats): void {
  if (!found.isFile()) throw new UnfitFile("is no file");
  if (found.size > maxSecretFileBytes) throw new UnfitFile(`has more than ${maxSecretFileBytes} bytes`);
}
