import { z } from "zod";

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

/** The variables as they are written, each with its default. */
export const Environment = z
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
    SECRETS_DIRECTORY: z.string().min(1).default("./secrets"),
    MAX_BODY_BYTES: z.coerce
      .number()
      .int()
      .min(1024)
      .max(256 * 1024 * 1024)
      .default(4 * 1024 * 1024),
    HOLD_SECONDS: z.coerce.number().min(0).max(60).default(5),
    DRAIN_SECONDS: z.coerce.number().min(0).max(3600).default(10),
    ADMIN_ROLE: z.string().min(1).default("mcp.admin"),
    WORKLOAD_IDENTITY_ROLES: list,
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .refine((env) => env.AUTH !== "dev" || isLoopback(env.HOST) || env.ALLOW_DEV_AUTH_ON_NETWORK, {
    path: ["HOST"],
    message:
      "development identity (AUTH=dev) believes whatever a caller says it is, so it listens on loopback only; set ALLOW_DEV_AUTH_ON_NETWORK=true to open it all the same",
  });

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
