import type { z } from "zod";
import { withAliases } from "./config/aliases.ts";
import { Environment, isLoopback } from "./config/environment.ts";
import { type Auth, readAuth } from "./config/identity.ts";

/** The gateway's settings, frozen. Sizes and times carry their unit in the name. */
export type Config = {
  readonly port: number;
  readonly host: string;
  /** Nobody but this machine can reach the port. */
  readonly loopback: boolean;
  readonly auth: Auth;
  readonly publicOrigin: string | undefined;
  /** One proxy before the gateway says in X-Forwarded-* or Forwarded how it was reached. */
  readonly trustForwarded: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Where PGlite keeps its files, and beside them what else a laptop's gateway remembers. */
  readonly dataDirectory: string;
  /** Sealing keys, current first; undefined: made once and kept in the data directory. */
  readonly gatewayKeys: readonly string[] | undefined;
  /** `named` by a setting it must be there; the usual place may be empty. */
  readonly imageCatalogue: { readonly file: string; readonly named: boolean };
  /** Where a laptop's secrets are, a file each. */
  readonly secretsDirectory: string;
  readonly maxBodyBytes: number;
  readonly holdMs: number;
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
};

export type Read = { state: "read"; config: Config } | { state: "invalid"; problems: string[] };

/** Environment variables to settings. All that is wrong is said at once, each with its variable's name. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Read {
  const parsed = Environment.safeParse(withAliases(environment));
  if (!parsed.success) return { state: "invalid", problems: parsed.error.issues.map(describe) };
  const env = parsed.data;
  const identity = readAuth(env);
  if (identity.state === "invalid") return identity;
  const { auth } = identity;
  if (auth.kind === "dev" && !isLoopback(env.HOST) && !env.ALLOW_DEV_AUTH_ON_NETWORK) {
    return { state: "invalid", problems: [devOnNetwork] };
  }
  return {
    state: "read",
    config: Object.freeze({
      port: env.PORT,
      host: env.HOST,
      loopback: isLoopback(env.HOST),
      auth,
      publicOrigin: env.PUBLIC_ORIGIN,
      trustForwarded: env.TRUST_FORWARDED,
      allowedHosts: env.ALLOWED_HOSTS,
      allowedOrigins: env.ALLOWED_ORIGINS,
      dataDirectory: env.STORE_URL.slice("pglite:".length),
      gatewayKeys: env.GATEWAY_KEYS,
      imageCatalogue: { file: env.IMAGE_CATALOGUE ?? "./images.json", named: env.IMAGE_CATALOGUE !== undefined },
      secretsDirectory: env.SECRETS_DIRECTORY,
      maxBodyBytes: env.MAX_BODY_BYTES,
      holdMs: env.HOLD_SECONDS * 1000,
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
    }),
  };
}

const devOnNetwork =
  "HOST: development identity (AUTH=dev) believes whatever a caller says it is, so it listens on loopback only; set ALLOW_DEV_AUTH_ON_NETWORK=true to open it all the same";

function describe(issue: z.core.$ZodIssue): string {
  return `${issue.path[0] === undefined ? "" : `${String(issue.path[0])}: `}${issue.message}`;
}
