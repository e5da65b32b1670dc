import { NewerSchema } from "./migrate.ts";
import { PasswordUnavailable } from "./postgres/password.ts";
import type { Settings } from "./postgres/settings.ts";
import { NoTls } from "./postgres/socket.ts";
import { ReadOnly } from "./postgres-schema.ts";
import { sqlFailure, sqlStateOf } from "./sql-failure.ts";
import { StoreUnavailable } from "./store.ts";

/**
 * Why the store cannot be opened, in one sentence that says what to do and names no secret: `StoreUnavailable` where it
 * may be cured by waiting.
 */
export function startFailure(thrown: unknown, settings: Settings): Error {
  if (thrown instanceof NewerSchema || thrown instanceof StoreUnavailable) return thrown;
  const state = sqlStateOf(thrown);
  if (state !== undefined) return ofServer(state, settings) ?? sqlFailure(thrown);
  return thrown instanceof Error ? ofConnection(thrown, settings) : sqlFailure(thrown);
}

function ofServer(state: string, { host, port, user, database }: Settings): Error | undefined {
  const at = `PostgreSQL at ${host}:${port}`;
  switch (state) {
    case "28P01":
      return new Error(`${at} refuses the password of user "${user}": check user and password in STORE_URL.`);
    case "28000":
      return new Error(
        `${at} does not let user "${user}" in: check the user in STORE_URL, and the server's pg_hba.conf (it may ask for TLS: sslmode=require).`,
      );
    case "3D000":
      return new Error(
        `${at} has no database "${database}": create it (CREATE DATABASE "${database}" OWNER "${user}"), or name another in STORE_URL.`,
      );
    case "42501":
      return new Error(
        `User "${user}" of STORE_URL has no right to make or change tables in database "${database}" at ${host}:${port}: make it the owner (ALTER DATABASE "${database}" OWNER TO "${user}"), or start a gateway as the owner once.`,
      );
    case "53300":
      return new StoreUnavailable(
        `${at} has no connection left: raise its max_connections, or lower pool_size in the STORE_URL of the gateways.`,
      );
    case "57P03":
      return new StoreUnavailable(`${at} is starting up or shutting down: start the gateway again in a moment.`);
    case "55P03":
      return new StoreUnavailable(
        `Another gateway is still bringing database "${database}" at ${host}:${port} up to date: start this one again when it is done.`,
      );
    default:
      return undefined;
  }
}

function ofConnection(thrown: Error, { host, port, user, database, tls, password }: Settings): Error {
  const { name, message } = thrown;
  if (thrown instanceof ReadOnly) {
    return new Error(
      `Database "${database}" at ${host}:${port} ${message}: give user "${user}" of STORE_URL the right to write, or name another server.`,
    );
  }
  if (thrown instanceof NoTls) {
    return new Error(
      `The server at ${host}:${port} does not speak TLS, which sslmode=${tls.mode} asks for: switch it on there, or set sslmode=disable in STORE_URL.`,
    );
  }
  // A pod's identity may come a moment after the pod.
  if (thrown instanceof PasswordUnavailable) {
    return password.kind === "entra" ? new StoreUnavailable(message) : new Error(message);
  }
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : name;
  if (/^(UNABLE_|CERT_|DEPTH_|SELF_|ERR_TLS|ERR_SSL|HOSTNAME_)|_CERT/.test(code)) {
    return new Error(
      `The certificate of ${host}:${port} is not accepted (${code}): set sslrootcert to a file of the authority that signed it, and check the host of STORE_URL.`,
    );
  }
  if (code === "ENOENT" && "path" in thrown) {
    return new Error(`The file ${thrown.path} of sslrootcert in STORE_URL cannot be read.`);
  }
  return new StoreUnavailable(unreachable(code, message, { host, port }));
}

function unreachable(code: string, message: string, { host, port }: Pick<Settings, "host" | "port">): string {
  if (/^(ENOTFOUND|EAI_AGAIN|DNS_)/.test(code)) {
    return `The host "${host}" of STORE_URL is not found: check its name, and this machine's name server.`;
  }
  if (/^(TimeoutError|CONNECT_TIMEOUT|ETIMEDOUT)$/.test(code)) {
    return `PostgreSQL at ${host}:${port} does not answer: check host and port of STORE_URL, and firewalls on the way.`;
  }
  const reason = code === "Error" ? message : code;
  return `PostgreSQL at ${host}:${port} cannot be reached (${reason}): check host and port of STORE_URL, and that it runs.`;
}
