import { hostname } from "node:os";
import type { z } from "zod";
import { withAliases } from "./config/aliases.ts";
import { Environment, isLoopback } from "./config/environment.ts";
import { type Auth, readAuth } from "./config/identity.ts";
import { guardProblem, type RuntimeSettings, runtimeOf } from "./config/runtime.ts";
import { type ReadText, readSecretFile, withSecretFiles } from "./config/secret-files.ts";
import { type TraceSettings, traceSettingsOf } from "./observe/traces/settings.ts";

/** The gateway's settings, frozen. Sizes and times carry their unit in the name. */
export type Config = {
  readonly port: number;
  readonly host: string;
  /** Processes that share the port. */
  readonly workers: number;
  /** Nobody but this machine can reach the port. */
  readonly loopback: boolean;
  readonly auth: Auth;
  readonly publicOrigin: string | undefined;
  /** One proxy before the gateway says in X-Forwarded-* or Forwarded how it was reached. */
  readonly trustForwarded: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** May hold a password: not for logs. */
  readonly storeUrl: string;
  /** What a laptop's gateway remembers beside its records; with PGlite they are here too. */
  readonly dataDirectory: string;
  readonly gatewayKeys: GatewayKeys;
  readonly runtime: RuntimeSettings;
  readonly maxBodyBytes: number;
  readonly holdMs: number;
  /** How long requests are still taken after readiness has failed. */
  readonly shutdownDelayMs: number;
  /** How long calls in flight may take to finish. */
  readonly drainMs: number;
  /** How long a tool may take for its answer. */
  readonly toolTimeoutMs: number;
  /** Undefined: without that limit. */
  readonly callLimits: {
    readonly requestsPerMinute: number | undefined;
    readonly streams: number | undefined;
    readonly sessions: number | undefined;
  };
  readonly audit: {
    /** Whether tool calls are kept, beside changes, which always are. */
    readonly calls: boolean;
    readonly arguments: "hash" | "full";
    /** 0: entries stay. */
    readonly days: number;
  };
  readonly adminRole: string;
  /** Those who may run a workload under a cloud identity, beside admins. */
  readonly workloadIdentityRoles: readonly string[];
  readonly logLevel: string;
  /** Holds the level's word, and may change or come while the gateway runs. */
  readonly logLevelFile: string | undefined;
  readonly metrics: MetricsSettings;
  /** Undefined: without spans. */
  readonly trace: TraceSettings | undefined;
};

/** Where the figures are shown: at a port of their own, at the gateway's own to this machine only, or nowhere. */
export type MetricsSettings =
  { readonly kind: "own-port"; readonly port: number } | { readonly kind: "loopback" } | { readonly kind: "off" };

/**
 * Sealing keys, current first. `kept`: made once, and kept in the data directory. `given`: by a setting. `watched`: in a file
 * that may change while the gateway runs.
 */
export type GatewayKeys =
  | { readonly kind: "kept" }
  | { readonly kind: "given"; readonly keys: readonly string[] }
  | { readonly kind: "watched"; readonly file: string; readonly keys: readonly string[] };

export type Read = { state: "read"; config: Config } | { state: "invalid"; problems: string[] };

/**
 * Environment variables to settings. All that is wrong is said at once, each with its variable's name. Secret files are read
 * here for the first time.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  readText: ReadText = readSecretFile,
): Read {
  const { variables, fromFiles, problems } = withSecretFiles(withAliases(environment), readText);
  const parsed = Environment.safeParse(variables);
  const described = parsed.success ? [] : parsed.error.issues.map((issue) => describe(issue, fromFiles));
  if (!parsed.success || problems.length > 0) return { state: "invalid", problems: [...problems, ...described] };
  const env = parsed.data;
  const identity = readAuth(env);
  const further = [
    keysProblem(env),
    workersProblem(env),
    guardProblem(env),
    metricsProblem(env),
    networkProblem(env, identity),
  ].filter((problem) => problem !== undefined);
  if (identity.state === "invalid") return { state: "invalid", problems: [...identity.problems, ...further] };
  if (further.length > 0) return { state: "invalid", problems: further };
  const { auth } = identity;
  return {
    state: "read",
    config: Object.freeze({
      port: env.PORT,
      host: env.HOST,
      workers: env.GATEWAY_WORKERS,
      loopback: isLoopback(env.HOST),
      auth,
      publicOrigin: env.PUBLIC_ORIGIN,
      trustForwarded: env.TRUST_FORWARDED,
      allowedHosts: env.ALLOWED_HOSTS,
      allowedOrigins: env.ALLOWED_ORIGINS,
      storeUrl: env.STORE_URL,
      dataDirectory: directoryOf(env.STORE_URL) ?? "./.data",
      gatewayKeys: keysOf(env),
      runtime: runtimeOf(env, environment),
      maxBodyBytes: env.MAX_BODY_BYTES,
      holdMs: env.HOLD_SECONDS * 1000,
      shutdownDelayMs: env.SHUTDOWN_DELAY_SECONDS * 1000,
      drainMs: env.DRAIN_SECONDS * 1000,
      toolTimeoutMs: env.TOOL_TIMEOUT_SECONDS * 1000,
      callLimits: {
        requestsPerMinute: env.RATE_LIMIT_PER_MINUTE,
        streams: env.MAX_STREAMS,
        sessions: env.MAX_SESSIONS,
      },
      audit: {
        // With development identity anybody is whoever they say: a trail of that proves nothing.
        calls: env.AUDIT_CALLS ?? auth.kind === "oidc",
        arguments: env.AUDIT_ARGUMENTS,
        days: env.AUDIT_RETENTION_DAYS,
      },
      adminRole: env.ADMIN_ROLE,
      workloadIdentityRoles: env.WORKLOAD_IDENTITY_ROLES,
      logLevel: env.LOG_LEVEL,
      logLevelFile: env.LOG_LEVEL_FILE,
      metrics: metricsOf(env),
      trace: traceSettingsOf(env, {
        "service.name": "mcp-gateway",
        "service.instance.id": env.POD_NAME ?? hostname(),
        ...(env.POD_NAMESPACE !== undefined && { "k8s.namespace.name": env.POD_NAMESPACE }),
        ...(env.POD_NAME !== undefined && { "k8s.pod.name": env.POD_NAME }),
      }),
    }),
  };
}

function keysOf({ GATEWAY_KEYS: keys, GATEWAY_KEYS_FILE: file }: Environment): GatewayKeys {
  if (keys === undefined) return { kind: "kept" };
  return file === undefined ? { kind: "given", keys } : { kind: "watched", file, keys };
}

const pglite = "pglite:";

/** Where PGlite keeps its files; undefined for any other store. */
export function directoryOf(storeUrl: string): string | undefined {
  return storeUrl.startsWith(pglite) ? storeUrl.slice(pglite.length) : undefined;
}

/** Keys are kept where the records are, if that is a directory; with any other store, every restart would make new ones. */
export function keysProblem({ STORE_URL, GATEWAY_KEYS }: Pick<Environment, "STORE_URL" | "GATEWAY_KEYS">) {
  if (directoryOf(STORE_URL) !== undefined || GATEWAY_KEYS !== undefined) return undefined;
  return "GATEWAY_KEYS: needed with this STORE_URL, since there is no directory to keep keys in; or set GATEWAY_KEYS_FILE";
}

/** Workers are gateways of their own that happen to share a port: what is one gateway's alone, they cannot have. */
function workersProblem({ GATEWAY_WORKERS, STORE_URL, RUNTIME }: Environment): string | undefined {
  if (GATEWAY_WORKERS === 1 || (RUNTIME === "kubernetes" && directoryOf(STORE_URL) === undefined)) return undefined;
  const why = "one process alone can have an embedded database and child processes";
  return `GATEWAY_WORKERS: more than one need RUNTIME=kubernetes and a STORE_URL of PostgreSQL or Cosmos DB, since ${why}`;
}

function metricsOf({ METRICS_PORT: port, HOST, GATEWAY_WORKERS }: Environment): MetricsSettings {
  // At the shared port they would be those of whichever worker answers.
  if (port === undefined) return { kind: isLoopback(HOST) && GATEWAY_WORKERS === 1 ? "loopback" : "off" };
  return port === "off" ? { kind: "off" } : { kind: "own-port", port };
}

function metricsProblem({ METRICS_PORT, PORT }: Environment): string | undefined {
  if (METRICS_PORT === undefined || METRICS_PORT !== PORT || PORT === 0) return undefined;
  return "METRICS_PORT: this is PORT, too; leave it unset to have the figures there, for callers on this machine";
}

function networkProblem(env: Environment, identity: ReturnType<typeof readAuth>): string | undefined {
  const open = isLoopback(env.HOST) || env.ALLOW_DEV_AUTH_ON_NETWORK;
  if (open || identity.state === "invalid" || identity.auth.kind !== "dev") return undefined;
  return devOnNetwork;
}

const devOnNetwork =
  "HOST: development identity (AUTH=dev) believes whatever a caller says it is, so it listens on loopback only; set ALLOW_DEV_AUTH_ON_NETWORK=true to open it all the same";

function describe({ path: [name], message }: z.core.$ZodIssue, fromFiles: ReadonlySet<string>): string {
  if (name === undefined) return message;
  return `${String(name)}${fromFiles.has(String(name)) ? "_FILE" : ""}: ${message}`;
}
