import type { Env, Hono, MiddlewareHandler } from "hono";
import { openapiDocument } from "../openapi/openapi.ts";
import { once } from "./once.ts";
import { root } from "./root.ts";

const scriptPath = "/docs/scalar.js";
const scriptAgeS = 86_400;
const unpackingTimeoutMs = 30_000;

/**
 * The API's pages: /openapi.json, and at /docs the Scalar reference that reads it. Everything comes from this origin.
 * `readBundle` gives Scalar's browser script, gzipped; the first visitor has it read, and the next one again if that failed.
 */
export function mountDocs<E extends Env>(app: Hono<E>, readBundle: () => Promise<Bundle> = scalarBundle): void {
  const document = once(async () => JSON.stringify(openapiDocument()));
  const script = once(async () => {
    const gzipped = await readBundle();
    return { gzipped, etag: `W/"${Bun.hash(gzipped).toString(36)}"` };
  });

  app.get("/openapi.json", async (c) => c.body(await document(), 200, { "content-type": "application/json" }));
  app.get("/docs", async (c, next) => {
    const nonce = crypto.randomUUID();
    c.header("content-security-policy", contentSecurityPolicy(nonce));
    return (await page<E>(nonce))(c, next);
  });
  app.get(scriptPath, async (c) => {
    const { gzipped, etag } = await script();
    const headers = { etag, "cache-control": `public, max-age=${scriptAgeS}`, vary: "accept-encoding" };
    if (c.req.header("if-none-match")?.includes(etag)) return c.body(null, 304, headers);
    const content = { ...headers, "content-type": "text/javascript; charset=utf-8" };
    const takesGzip = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
    if (!takesGzip) return c.body(Bun.gunzipSync(gzipped), 200, content);
    return c.body(gzipped, 200, { ...content, "content-encoding": "gzip" });
  });
}

type Bundle = Uint8Array<ArrayBuffer>;

async function page<E extends Env>(nonce: string): Promise<MiddlewareHandler<E>> {
  const { Scalar } = await import("@scalar/hono-api-reference");
  return Scalar<E>({
    url: "/openapi.json",
    cdn: scriptPath,
    nonce,
    pageTitle: "MCP Gateway API",
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    showDeveloperTools: "never",
    hideClientButton: true,
  });
}

// Scalar writes its styles into the page, hence 'unsafe-inline' for those; scripts are ours or carry the nonce.
const contentSecurityPolicy = (nonce: string) =>
  [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/** `npm run build` lays the script ready there. */
async function scalarBundle(): Promise<Bundle> {
  const ready = Bun.file(`${root}/gateway/docs/scalar.js.gz`);
  return (await ready.exists()) ? await ready.bytes() : await unpackedBundle();
}

/** A process of its own unpacks the script, so that the gateway never holds its 5 MB of source. */
async function unpackedBundle(): Promise<Bundle> {
  const program = `${root}/gateway/docs/scalar-bundle.ts`;
  const unpacking = Bun.spawn([process.execPath, program], { env: {}, timeout: unpackingTimeoutMs });
  const gzipped = await new Response(unpacking.stdout).arrayBuffer();
  if ((await unpacking.exited) !== 0) throw new Error("Scalar's script could not be unpacked");
  return new Uint8Array(gzipped);
}
