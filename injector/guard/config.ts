import { z } from "zod";
import { audienceOf } from "../../gateway/assertion/assertion.ts";
import { TraceEnvironment, type TraceSettings, traceSettingsOf } from "../../gateway/observe/traces/settings.ts";
import { guardHealthPort, guardPort } from "../pod/names.ts";

/** The guard's settings, frozen. */
export type Config = {
  /** For whom assertions have to be: `{namespace}/{adapter}`. */
  readonly audience: string;
  readonly podUid: string;
  /** The server: scheme and authority. */
  readonly upstream: string;
  /** Path of the JWK Set with the gateway's keys. */
  readonly jwks: string;
  readonly host: string;
  readonly port: number;
  /** Of metrics and health. */
  readonly healthPort: number;
  readonly logLevel: string;
  /** Undefined: without spans. */
  readonly trace: TraceSettings | undefined;
};

export type Read = { state: "read"; config: Config } | { state: "invalid"; problems: string[] };

const port = z.coerce.number().int().min(0).max(65_535);

const Environment = TraceEnvironment.extend({
  GUARD_ADAPTER: z.string(),
  GUARD_NAMESPACE: z.string(),
  GUARD_POD_UID: z.string(),
  GUARD_UPSTREAM: z
    .string()
    .refine(
      (text) => text.startsWith("http://") && URL.parse(text)?.origin === text,
      'must be an origin such as "http://127.0.0.1:8000", without a path',
    ),
  GUARD_JWKS: z.string(),
  HOST: z.string().default("0.0.0.0"),
  GUARD_PORT: port.default(guardPort),
  GUARD_HEALTH_PORT: port.default(guardHealthPort),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/** Environment variables to settings; an empty one is none. All that is wrong is said at once, each with its variable's name. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Read {
  const parsed = Environment.safeParse(Object.fromEntries(Object.entries(variables).filter(([, value]) => value)));
  if (!parsed.success) {
    return {
      state: "invalid",
      problems: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
    };
  }
  const env = parsed.data;
  return {
    state: "read",
    config: Object.freeze({
      audience: audienceOf(env.GUARD_NAMESPACE, env.GUARD_ADAPTER),
      podUid: env.GUARD_POD_UID,
      upstream: env.GUARD_UPSTREAM,
      jwks: env.GUARD_JWKS,
      host: env.HOST,
      port: env.GUARD_PORT,
      healthPort: env.GUARD_HEALTH_PORT,
      logLevel: env.LOG_LEVEL,
      trace: traceSettingsOf(env, {
        "service.name": "mcp-guard",
        "service.instance.id": env.GUARD_POD_UID,
        "k8s.namespace.name": env.GUARD_NAMESPACE,
        "k8s.pod.uid": env.GUARD_POD_UID,
        "mcp_gateway.adapter": env.GUARD_ADAPTER,
      }),
    }),
  };
}
