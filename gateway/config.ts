import { z } from "zod";

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
  readonly maxBodyBytes: number;
  readonly holdMs: number;
  readonly drainMs: number;
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
      maxBodyBytes: env.MAX_BODY_BYTES,
      holdMs: env.HOLD_SECONDS * 1000,
      drainMs: env.DRAIN_SECONDS * 1000,
      logLevel: env.LOG_LEVEL,
    }),
  };
}

const minKeyLength = 32;

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

const Environment = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
    HOST: z.string().min(1).default("127.0.0.1"),
    PUBLIC_ORIGIN: origin.optional(),
    ALLOWED_HOSTS: list,
    ALLOWED_ORIGINS: list.pipe(z.array(origin)),
    STORE_URL: z
      .string()
      .regex(/^pglite:./, 'must be "pglite:" and a directory, such as "pglite:./.data"')
      .default("pglite:./.data"),
    RUNTIME: z.enum(["local"]).default("local"),
    AUTH: z.enum(["dev"]).default("dev"),
    ALLOW_DEV_AUTH_ON_NETWORK: z.stringbool().default(false),
    GATEWAY_KEYS: list
      .pipe(
        z.array(
          z.string().min(minKeyLength, `each key needs ${minKeyLength} characters or more, from a random source`),
        ),
      )
      .transform((keys) => (keys.length > 0 ? keys : undefined)),
    IMAGE_CATALOGUE: z.string().optional(),
    MAX_BODY_BYTES: z.coerce
      .number()
      .int()
      .min(1024)
      .max(256 * 1024 * 1024)
      .default(4 * 1024 * 1024),
    HOLD_SECONDS: z.coerce.number().min(0).max(60).default(5),
    DRAIN_SECONDS: z.coerce.number().min(0).max(3600).default(10),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .refine((env) => env.AUTH !== "dev" || isLoopback(env.HOST) || env.ALLOW_DEV_AUTH_ON_NETWORK, {
    path: ["HOST"],
    message:
      "development identity (AUTH=dev) believes whatever a caller says it is, so it listens on loopback only; set ALLOW_DEV_AUTH_ON_NETWORK=true to open it all the same",
  });

/** The Microsoft gateway's names for the same settings; ours win where both are set. */
const aliases: Readonly<Record<string, string>> = {
  PublicOrigin: "PUBLIC_ORIGIN",
  GatewaySettings__Secret: "GATEWAY_KEYS",
};

/** An empty variable counts as one that is not set: that is how shells and manifests leave things out. */
function withAliases(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const fromAliases = set.flatMap(([name, value]) => (aliases[name] ? [[aliases[name], value]] : []));
  return Object.fromEntries([...fromAliases, ...set]);
}

function describe(issue: z.core.$ZodIssue): string {
  return `${issue.path[0] === undefined ? "" : `${String(issue.path[0])}: `}${issue.message}`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
