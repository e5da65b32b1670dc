import type { z } from "zod";
import { withAliases } from "./config/aliases.ts";
import { Environment, isLoopback } from "./config/environment.ts";

/** The gateway's settings, frozen. Sizes and times carry their unit in the name. */
export type Config = {
  readonly port: number;
  readonly host: string;
  /** Nobody but this machine can reach the port. */
  readonly loopback: boolean;
  readonly publicOrigin: string | undefined;
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
  return {
    state: "read",
    config: Object.freeze({
      port: env.PORT,
      host: env.HOST,
      loopback: isLoopback(env.HOST),
      publicOrigin: env.PUBLIC_ORIGIN,
      allowedHosts: env.ALLOWED_HOSTS,
      allowedOrigins: env.ALLOWED_ORIGINS,
      dataDirectory: env.STORE_URL.slice("pglite:".length),
      gatewayKeys: env.GATEWAY_KEYS,
      imageCatalogue: { file: env.IMAGE_CATALOGUE ?? "./images.json", named: env.IMAGE_CATALOGUE !== undefined },
      secretsDirectory: env.SECRETS_DIRECTORY,
      maxBodyBytes: env.MAX_BODY_BYTES,
      holdMs: env.HOLD_SECONDS * 1000,
      drainMs: env.DRAIN_SECONDS * 1000,
      adminRole: env.ADMIN_ROLE,
      workloadIdentityRoles: env.WORKLOAD_IDENTITY_ROLES,
      logLevel: env.LOG_LEVEL,
    }),
  };
}

function describe(issue: z.core.$ZodIssue): string {
  return `${issue.path[0] === undefined ? "" : `${String(issue.path[0])}: `}${issue.message}`;
}
