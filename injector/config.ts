import { z } from "zod";
import { TraceEnvironment } from "../gateway/observe/traces/settings.ts";
import { type CertificateLimits, certificateLimits } from "./certificates/limits.ts";
import { guardVariables } from "./pod/guard-variables.ts";
import type { GuardSettings } from "./pod/with-guard.ts";

/** The injector's settings, frozen. */
export type Config = {
  readonly host: string;
  /** Of the webhook. */
  readonly port: number;
  readonly healthPort: number;
  /** Of the pod this is, for Events. */
  readonly podName: string;
  /** Where adapters are. */
  readonly namespace: string;
  readonly guard: GuardSettings;
  readonly certificates: Certificates;
  readonly cluster: {
    readonly kubeconfig: string | undefined;
    readonly service: { readonly host: string; readonly port: string } | undefined;
  };
  /** How long requests are still taken after readiness has failed. */
  readonly shutdownDelayMs: number;
  readonly logLevel: string;
};

/** `kept`: made by the injectors themselves, and kept in a Secret. `mounted`: by somebody else, in a directory. */
export type Certificates =
  | {
      readonly kind: "kept";
      /** Of the injectors' Service and Secret. */
      readonly namespace: string;
      readonly service: string;
      readonly secret: string;
      /** Name of the MutatingWebhookConfiguration. */
      readonly configuration: string;
      readonly limits: CertificateLimits;
    }
  | { readonly kind: "mounted"; readonly directory: string };

export type Read = { state: "read"; config: Config } | { state: "invalid"; problems: string[] };

const port = z.coerce.number().int().min(0).max(65_535);
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label, such as "adapter"');
const dnsName = z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, "must be the name of an object");
const seconds = z.coerce.number().min(1).max(3_650_000_000);
const lookSeconds = z.coerce.number().min(0.1).max(60);
const logLevel = z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]);
const usual = "mcp-gateway-injector";

/** The variables as they are written, each with its default. */
const Environment = z.object({
  HOST: z.string().min(1).default("0.0.0.0"),
  PORT: port.default(8443),
  HEALTH_PORT: port.default(8080),
  POD_NAME: z.string().min(1).default(usual),
  POD_NAMESPACE: dnsLabel.default("adapter"),
  KUBE_NAMESPACE: dnsLabel.default("adapter"),
  SERVICE_NAME: dnsLabel.default(usual),
  SECRET_NAME: dnsName.default(usual),
  WEBHOOK_CONFIGURATION: dnsName.default(usual),
  GUARD_IMAGE: z.string("needed: the image of guards, which is the gateway's own").min(1),
  GUARD_LOG_LEVEL: logLevel.optional(),
  CERTIFICATE_DIRECTORY: z.string().min(1).optional(),
  SHUTDOWN_DELAY_SECONDS: z.coerce.number().min(0).max(300).default(5),
  KUBECONFIG: z.string().optional(),
  KUBERNETES_SERVICE_HOST: z.string().optional(),
  KUBERNETES_SERVICE_PORT: z.string().default("443"),
  LOG_LEVEL: logLevel.default("info"),
});
type Environment = z.infer<typeof Environment>;

/** Of the certificates that the injectors make. */
const Times = z
  .object({
    CERTIFICATE_AUTHORITY_SECONDS: seconds.default(certificateLimits.authorityMs / 1000),
    CERTIFICATE_SECONDS: seconds.default(certificateLimits.leafMs / 1000),
    CERTIFICATE_SETTLE_SECONDS: seconds.default(certificateLimits.settleMs / 1000),
    CERTIFICATE_LOOK_SECONDS: lookSeconds.default(certificateLimits.lookEveryMs / 1000),
  })
  .refine((times) => times.CERTIFICATE_AUTHORITY_SECONDS >= 3 * times.CERTIFICATE_SECONDS, {
    path: ["CERTIFICATE_AUTHORITY_SECONDS"],
    message: "must be at least three times CERTIFICATE_SECONDS",
  })
  .refine(
    (times) => times.CERTIFICATE_SECONDS >= 3 * (times.CERTIFICATE_SETTLE_SECONDS + times.CERTIFICATE_LOOK_SECONDS),
    {
      path: ["CERTIFICATE_SECONDS"],
      message: "must be at least three times CERTIFICATE_SETTLE_SECONDS and CERTIFICATE_LOOK_SECONDS together",
    },
  );
type Times = z.infer<typeof Times>;

/** Environment variables to settings. All that is wrong is said at once, each with its variable's name. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Read {
  const [parsed, times] = [Environment.safeParse(environment), Times.safeParse(environment)];
  const forGuards = guardVariables(environment);
  // A guard that cannot read its settings does not start, nor does its pod.
  const traces = TraceEnvironment.safeParse(forGuards);
  if (!parsed.success || !times.success || !traces.success) {
    const issues = [parsed, times, traces].flatMap(({ error }) => error?.issues ?? []);
    return { state: "invalid", problems: issues.map(({ path, message }) => `${path.join(".")}: ${message}`) };
  }
  const env = parsed.data;
  const { KUBERNETES_SERVICE_HOST: apiHost, KUBERNETES_SERVICE_PORT: apiPort } = env;
  return {
    state: "read",
    config: Object.freeze({
      host: env.HOST,
      port: env.PORT,
      healthPort: env.HEALTH_PORT,
      podName: env.POD_NAME,
      namespace: env.KUBE_NAMESPACE,
      guard: { image: env.GUARD_IMAGE, variables: forGuards },
      certificates: certificatesOf(env, times.data),
      cluster: { kubeconfig: env.KUBECONFIG, service: apiHost ? { host: apiHost, port: apiPort } : undefined },
      shutdownDelayMs: env.SHUTDOWN_DELAY_SECONDS * 1000,
      logLevel: env.LOG_LEVEL,
    }),
  };
}

function certificatesOf(env: Environment, times: Times): Certificates {
  if (env.CERTIFICATE_DIRECTORY !== undefined) return { kind: "mounted", directory: env.CERTIFICATE_DIRECTORY };
  return {
    kind: "kept",
    namespace: env.POD_NAMESPACE,
    service: env.SERVICE_NAME,
    secret: env.SECRET_NAME,
    configuration: env.WEBHOOK_CONFIGURATION,
    limits: {
      ...certificateLimits,
      authorityMs: times.CERTIFICATE_AUTHORITY_SECONDS * 1000,
      leafMs: times.CERTIFICATE_SECONDS * 1000,
      settleMs: times.CERTIFICATE_SETTLE_SECONDS * 1000,
      lookEveryMs: times.CERTIFICATE_LOOK_SECONDS * 1000,
    },
  };
}
