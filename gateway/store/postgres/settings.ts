/** How a PostgreSQL is reached; times in milliseconds. */
export type Settings = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly tls: Tls;
  readonly password: PasswordSource;
  readonly applicationName: string;
  readonly poolSize: number;
  /** After so long the server ends a statement. */
  readonly statementTimeoutMs: number;
  /** From the name of the host to the first answer, password and TLS included. */
  readonly connectTimeoutMs: number;
};

/** `ca`: a file of certificates, or those that the system trusts. `prefer` takes what it gets, plain text too. */
export type Tls =
  | { readonly mode: "disable" | "prefer" | "require" }
  | { readonly mode: "verify-ca" | "verify-full"; readonly ca: string | undefined };

/** `entra`: a token of Microsoft Entra ID, for Azure Database for PostgreSQL. */
export type PasswordSource =
  | { readonly kind: "given"; readonly password: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "entra" };

/** `what` completes the sentence "STORE_URL …", and quotes nothing that could be a secret. */
export type Parsed = { state: "parsed"; settings: Settings } | { state: "invalid"; what: string };

const modes = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
const known = [
  "sslmode",
  "sslrootcert",
  "auth",
  "password_file",
  "application_name",
  "pool_size",
  "statement_timeout",
  "connect_timeout",
] as const;

/**
 * `postgres://user:password@host:port/database?…` with libpq's parameters sslmode, sslrootcert, application_name,
 * connect_timeout (seconds); PostgreSQL's statement_timeout (milliseconds); and ours: pool_size, password_file, auth=entra.
 */
export function parsePostgresUrl(text: string): Parsed {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) {
    return invalid(
      "must look like postgres://user:password@host:5432/database, with special characters percent-encoded",
    );
  }
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  if (user === undefined || password === undefined || database === undefined)
    return invalid("has a wrong percent-encoding");
  if (url.hostname === "" || url.hostname.includes(","))
    return invalid("must name one host, as in postgres://user@host/database");
  if (user === "") return invalid("must name a user, as in postgres://user@host/database");
  if (database === "" || database.includes("/"))
    return invalid("must name a database, as in postgres://user@host/database");
  const unknown = [...url.searchParams.keys()].find((name) => !known.some((other) => other === name));
  if (unknown !== undefined) return invalid(`has a parameter that is not known; known are ${known.join(", ")}`);
  return withParameters(url.searchParams, {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 5432),
    user,
    database,
    password,
  });
}

type Address = Pick<Settings, "host" | "port" | "user" | "database"> & { readonly password: string };

function withParameters(parameters: URLSearchParams, { password: given, ...address }: Address): Parsed {
  const password = passwordSource(parameters, given);
  if (!password) return invalid("may have one of a password, password_file and auth=entra (no other auth)");
  const tls = tlsOf(parameters, password);
  if (!tls) return invalid(`has a wrong sslmode; it is one of ${modes.join(", ")} (with auth=entra from require on)`);
  const poolSize = whole(parameters.get("pool_size") ?? "10", 1, 100);
  const statementTimeoutMs = whole(parameters.get("statement_timeout") ?? "10000", 100, 600_000);
  const connectTimeoutSeconds = whole(parameters.get("connect_timeout") ?? "5", 1, 60);
  if (!poolSize) return invalid("has a wrong pool_size; it is 1 to 100 connections");
  if (!statementTimeoutMs) return invalid("has a wrong statement_timeout; it is 100 to 600000 milliseconds");
  if (!connectTimeoutSeconds) return invalid("has a wrong connect_timeout; it is 1 to 60 seconds");
  const applicationName = parameters.get("application_name") ?? "mcp-gateway";
  const connectTimeoutMs = connectTimeoutSeconds * 1000;
  const settings = { ...address, tls, password, applicationName, poolSize, statementTimeoutMs, connectTimeoutMs };
  return { state: "parsed", settings };
}

function passwordSource(parameters: URLSearchParams, given: string): PasswordSource | undefined {
  const [path, auth] = [parameters.get("password_file"), parameters.get("auth")];
  if ([given !== "", path !== null, auth !== null].filter(Boolean).length > 1) return undefined;
  if (path !== null) return { kind: "file", path };
  if (auth !== null) return auth === "entra" ? { kind: "entra" } : undefined;
  return { kind: "given", password: given };
}

function tlsOf(parameters: URLSearchParams, password: PasswordSource): Tls | undefined {
  const file = parameters.get("sslrootcert");
  const ca = file === null || file === "system" ? undefined : file;
  // A token opens more than this database: it goes to nobody who has not shown who they are.
  const usual = password.kind === "entra" || file === "system" ? "verify-full" : "prefer";
  const asked = parameters.get("sslmode") ?? usual;
  const mode = modes.find((each) => each === asked);
  if (!mode || (password.kind === "entra" && (mode === "disable" || mode === "prefer"))) return undefined;
  if (mode === "verify-ca" || mode === "verify-full") return { mode, ca };
  // As libpq does: who names a certificate wants it checked.
  return mode === "require" && file !== null ? { mode: "verify-ca", ca } : { mode };
}

function whole(text: string, min: number, max: number): number | undefined {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const invalid = (what: string): Parsed => ({ state: "invalid", what });
