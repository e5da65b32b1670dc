import { readFile } from "node:fs/promises";
import type { PasswordSource } from "./settings.ts";

/** Asked for every new connection, so that a password may change and a token end. */
export type Password = (signal: AbortSignal) => Promise<string>;

/** Of Azure Database for PostgreSQL and MySQL, in every tenant of the public cloud. */
const entraScope = "https://ossrdbms-aad.database.windows.net/.default";

/** No password could be had; the message names no secret. */
export class PasswordUnavailable extends Error {
  override readonly name = "PasswordUnavailable";
}

/** What `@azure/identity` calls a credential; it keeps a token until it is about to end. */
export type Credential = {
  getToken(scope: string, options: { abortSignal: AbortSignal }): Promise<{ token: string } | null>;
};

export function passwordFrom(
  source: PasswordSource,
  credential: () => Promise<Credential> = azureCredential,
): Password {
  if (source.kind === "given") return async () => source.password;
  if (source.kind === "file") return (signal) => fromFile(source.path, signal);
  let opened: Promise<Credential> | undefined;
  return (signal) => {
    opened ??= credential();
    return tokenOf(opened, signal);
  };
}

/** One line's end at the end of the file is its editor's, not the password's. */
async function fromFile(path: string, signal: AbortSignal): Promise<string> {
  try {
    return (await readFile(path, { encoding: "utf8", signal })).replace(/\r?\n$/, "");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "it took too long";
    throw new PasswordUnavailable(`The password file ${path} cannot be read (${reason}).`);
  }
}

async function tokenOf(opened: Promise<Credential>, abortSignal: AbortSignal): Promise<string> {
  try {
    const access = await (await opened).getToken(entraScope, { abortSignal });
    if (access) return access.token;
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split("\n");
    throw noToken(reason ?? "no reason given");
  }
  throw noToken("no identity");
}

const noToken = (reason: string) =>
  new PasswordUnavailable(
    `Entra ID gives no token for the database of STORE_URL (${reason}): give the gateway a workload identity or a managed identity.`,
  );

/** The library is large, and most gateways do without. */
async function azureCredential(): Promise<Credential> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new DefaultAzureCredential();
}
