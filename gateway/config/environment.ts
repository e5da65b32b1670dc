import { z } from "zod";
import { TraceEnvironment } from "../observe/traces/settings.ts";
import { GatewayKeys } from "./gateway-keys.ts";

const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter(Boolean),
  );

const origin = z
  .string()
  .refine(
    (text) => URL.parse(text)?.origin === text,
    'must be an origin such as "https://mcp.example.com", without a path',
  );

/** Unset: without that limit. */
const limit = z.coerce.number().int().min(1).max(1_000_000).optional();

/** The logger's words. */
export const LogLevel = z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]);

/** A list as JSON; what is in it is for whoever reads it. */
const jsonList = z.string().transform((text, context): unknown[] => {
  const value = parseJson(text);
  if (Array.isArray(value)) return value;
  context.addIssue('must be a JSON list, such as [{"kind":"oidc","issuer":"https://…","audiences":["…"]}]');
  return z.NEVER;
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label, such as "adapter"');

/** What goes before image names: a host, perhaps a port and a path. */
const registry = z
  .string()
  .regex(
    /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
    'must be a registry such as "registry.example.com/mcp", without https:// and without a slash at its end',
  );

/** Variables that others have given a meaning: they belong to the machine or to the pod, not to the gateway. */
export const Surroundings = z.object({
  HOME: z.string().optional(),
  KUBECONFIG: z.string().optional(),
  KUBERNETES_SERVICE_HOST: z.string().optional(),
  KUBERNETES_SERVICE_PORT: z.string().optional(),
});

/** The variables as they are written, each with its default. */
export const Environment = Surroundings.extend(TraceEnvironment.shape).extend({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  HOST: z.string().min(1).default("127.0.0.1"),
  GATEWAY_WORKERS: z.coerce.number().int().min(1).max(64).default(1),
  PUBLIC_ORIGIN: origin.optional(),
  ALLOWED_HOSTS: list,
  ALLOWED_ORIGINS: list.pipe(z.array(origin)),
  STORE_URL: z
    .string()
    .regex(
      /^(pglite:.|postgres(ql)?:\/\/|cosmos\+https?:\/\/)/,
      'must be "pglite:" and a directory, "postgres://…" or "cosmos+https://…", such as "pglite:./.data"',
    )
    .default("pglite:./.data"),
  STORE_URL_FILE: z.string().optional(),
  RUNTIME: z.enum(["local", "kubernetes"]).default("local"),
  KUBE_CONTEXT: z.string().optional(),
  KUBE_NAMESPACE: dnsLabel.default("adapter"),
  CONTAINER_REGISTRY: registry.optional(),
  WORKLOAD_SERVICE_ACCOUNT: dnsLabel.default("workload-sa"),
  POD_NAME: z.string().optional(),
  POD_NAMESPACE: dnsLabel.optional(),
  AUTH: z.enum(["dev", "oidc"]).optional(),
  OIDC_ISSUER: z.string().optional(),
  OIDC_AUDIENCE: list,
  OIDC_CLAIM_ID: z.string().optional(),
  OIDC_CLAIM_NAME: list,
  OIDC_CLAIM_ROLES: list,
  OIDC_ID_PREFIX: z.string().default(""),
  OIDC_ISSUERS: jsonList.optional(),
  ENTRA_TENANT_ID: z.string().optional(),
  ENTRA_CLIENT_ID: z.string().optional(),
  ENTRA_AUDIENCE: list,
  ENTRA_ALLOW_V1: z.stringbool().default(false),
  ENTRA_ID_PREFIX: z.string().default(""),
  ENTRA_AUTHORITY: z.string().optional(),
  REQUIRED_SCOPES: list,
  SCOPES_SUPPORTED: list,
  PRM_RESOURCE_MODE: z.enum(["exact", "origin"]).default("exact"),
  TRUST_FORWARDED: z.stringbool().default(false),
  ALLOW_DEV_AUTH_ON_NETWORK: z.stringbool().default(false),
  GATEWAY_KEYS: GatewayKeys.optional(),
  GATEWAY_KEYS_FILE: z.string().optional(),
  GUARD: z.enum(["on", "off"]).optional(),
  GUARD_IMAGE: z
    .string()
    .regex(/^\S{1,512}$/, 'must be an image such as "registry.example.com/mcp-gateway:0.1.0"')
    .optional(),
  GUARD_LOG_LEVEL: LogLevel.optional(),
  GUARD_KEY_SETTLE_SECONDS: z.coerce.number().min(0).max(3600).optional(),
  IMAGE_CATALOGUE: z.string().optional(),
  SECRETS_DIRECTORY: z.string().min(1).default("./secrets"),
  MAX_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .max(256 * 1024 * 1024)
    .default(4 * 1024 * 1024),
  HOLD_SECONDS: z.coerce.number().min(0).max(60).default(5),
  DRAIN_SECONDS: z.coerce.number().min(0).max(3600).default(10),
  SHUTDOWN_DELAY_SECONDS: z.coerce.number().min(0).max(300).default(0),
  TOOL_TIMEOUT_SECONDS: z.coerce.number().min(1).max(3600).default(60),
  RATE_LIMIT_PER_MINUTE: limit,
  MAX_STREAMS: limit,
  MAX_SESSIONS: limit,
  AUDIT_CALLS: z.stringbool().optional(),
  AUDIT_ARGUMENTS: z.enum(["hash", "full"]).default("hash"),
  AUDIT_RETENTION_DAYS: z.coerce.number().int().min(0).max(36_500).default(90),
  ADMIN_ROLE: z.string().min(1).default("mcp.admin"),
  WORKLOAD_IDENTITY_ROLES: list,
  LOG_LEVEL: LogLevel.default("info"),
  LOG_LEVEL_FILE: z.string().optional(),
  METRICS_PORT: z
    .union([z.literal("off"), z.coerce.number().int().min(0).max(65_535)], 'must be a port, or "off"')
    .optional(),
});
export type Environment = z.infer<typeof Environment>;

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
