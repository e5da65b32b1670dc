import { z } from "zod";

/** Where spans go, and which. */
export type TraceSettings = {
  /** The whole URL that spans are posted to, OTLP as protobuf. */
  readonly url: string;
  /** May hold a credential: not for logs. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long one post may take, with all its attempts. */
  readonly timeoutMs: number;
  readonly sampler: z.infer<typeof Sampler>;
  /** Of those that a ratio decides on. */
  readonly ratio: number;
  /** How long a span waits for others to travel with it, and how many may wait. */
  readonly delayMs: number;
  readonly maxWaiting: number;
  /** Who speaks. */
  readonly resource: Readonly<Record<string, string>>;
};

/** `parentbased_few` is ours: a few traces a second, whatever the load, and those that somebody else began to record. */
const Sampler = z.enum([
  "parentbased_few",
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
]);

const url = z.url({ protocol: /^https?$/, error: 'must be a URL such as "http://collector:4318"' }).optional();
const protocol = z.literal("http/protobuf", { error: 'only "http/protobuf" is spoken here' }).optional();
const ms = z.coerce.number().int().min(1).max(3_600_000);

/** `a=1,b=two%20words`, as baggage is written. */
const pairs = z.string().transform((text, context): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const pair of text.split(",").filter((each) => each.trim() !== "")) {
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const decoded = value === undefined ? undefined : decode(value);
    if (name === undefined || decoded === undefined)
      context.addIssue('must be a list such as "name=value,other=value"');
    else found[name] = decoded;
  }
  return found;
});

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** The variables that OpenTelemetry has standardised for every program, as far as they say something here. */
export const TraceEnvironment = z.object({
  OTEL_SDK_DISABLED: z.stringbool().default(false),
  OTEL_TRACES_EXPORTER: z.enum(["otlp", "none"]).default("otlp"),
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_HEADERS: pairs.prefault(""),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: pairs.prefault(""),
  OTEL_EXPORTER_OTLP_TIMEOUT: ms.default(10_000),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: ms.optional(),
  OTEL_TRACES_SAMPLER: Sampler.default("parentbased_few"),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  OTEL_BSP_SCHEDULE_DELAY: ms.default(5000),
  OTEL_BSP_MAX_QUEUE_SIZE: z.coerce.number().int().min(1).max(65_536).default(2048),
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_RESOURCE_ATTRIBUTES: pairs.prefault(""),
});

/** Undefined: no spans are wanted. `resource` is what is said where the variables say nothing. */
export function traceSettingsOf(
  env: z.infer<typeof TraceEnvironment>,
  resource: Readonly<Record<string, string>>,
): TraceSettings | undefined {
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? tracesAt(env.OTEL_EXPORTER_OTLP_ENDPOINT);
  if (url === undefined || env.OTEL_SDK_DISABLED || env.OTEL_TRACES_EXPORTER === "none") return undefined;
  const name = env.OTEL_SERVICE_NAME;
  return {
    url,
    headers: { ...env.OTEL_EXPORTER_OTLP_HEADERS, ...env.OTEL_EXPORTER_OTLP_TRACES_HEADERS },
    timeoutMs: env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT ?? env.OTEL_EXPORTER_OTLP_TIMEOUT,
    sampler: env.OTEL_TRACES_SAMPLER,
    ratio: env.OTEL_TRACES_SAMPLER_ARG,
    delayMs: env.OTEL_BSP_SCHEDULE_DELAY,
    maxWaiting: env.OTEL_BSP_MAX_QUEUE_SIZE,
    resource: { ...resource, ...env.OTEL_RESOURCE_ATTRIBUTES, ...(name !== undefined && { "service.name": name }) },
  };
}

/** The general endpoint is a base; the one for traces is taken as it is. */
function tracesAt(endpoint: string | undefined): string | undefined {
  return endpoint === undefined ? undefined : `${endpoint.replace(/\/$/, "")}/v1/traces`;
}
