import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { mountDocs } from "../../gateway/docs.ts";
import { openapiDocument } from "../../openapi/openapi.ts";

const gzipped = Bun.gzipSync(Buffer.from("Scalar = {};"));

function docs(readBundle?: () => Promise<Uint8Array<ArrayBuffer>>) {
  const app = new Hono();
  mountDocs(app, readBundle);
  return app;
}

describe("/docs", () => {
  test("the page names no other host", async () => {
    const page = await (await docs().request("/docs")).text();
    expect(page).toContain('<script src="/docs/scalar.js"');
    expect(page).not.toMatch(/https?:\/\/|["'(]\/\//);
  });

  test("the page runs no script but ours: each answer has a nonce of its own, and nothing is unsafe but styles", async () => {
    const app = docs();
    const [first, second] = [await app.request("/docs"), await app.request("/docs")];
    const policies = [first, second].map((page) => page.headers.get("content-security-policy") ?? "");
    const nonces = policies.map((policy) => /script-src 'self' 'nonce-([0-9a-f-]{36})';/.exec(policy)?.[1] ?? "");
    expect(nonces[0]).not.toBe("");
    expect(nonces[0]).not.toBe(nonces[1]);
    expect(policies[0]?.replace(nonces[0] ?? "", "NONCE")).toBe(
      "default-src 'none'; script-src 'self' 'nonce-NONCE'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const scripts = (await first.text()).match(/<script[^>]*>/g) ?? [];
    expect(scripts).toHaveLength(2);
    for (const script of scripts) expect(script).toContain(`nonce="${nonces[0]}"`);
  });

  test("/openapi.json is the contract", async () => {
    const response = await docs().request("/openapi.json");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openapiDocument())));
  });
});

describe("/docs/scalar.js", () => {
  test("it is Scalar's whole browser script, compressed on the way", async () => {
    const response = await docs().request("/docs/scalar.js", { headers: { "accept-encoding": "gzip, br" } });
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(response.headers.get("content-encoding")).toBe("gzip");
    const script = Buffer.from(Bun.gunzipSync(await response.arrayBuffer())).toString();
    expect(script).toContain("createApiReference");
    expect(() => new Bun.Transpiler().scanImports(script)).not.toThrow();
  });

  test("a client without gzip gets it plain", async () => {
    const response = await docs(async () => gzipped).request("/docs/scalar.js");
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toBe("Scalar = {};");
  });

  test("a browser that has it already is told so", async () => {
    const app = docs(async () => gzipped);
    const etag = (await app.request("/docs/scalar.js")).headers.get("etag") ?? "";
    const again = await app.request("/docs/scalar.js", { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    const other = await app.request("/docs/scalar.js", { headers: { "if-none-match": 'W/"other"' } });
    expect(other.status).toBe(200);
  });

  test("it is read once for many visitors, and again after a failure", async () => {
    let reads = 0;
    const app = docs(async () => {
      reads += 1;
      if (reads === 1) throw new Error("no more processes");
      return gzipped;
    });
    app.onError((error, c) => c.text(error.message, 500));
    expect((await app.request("/docs/scalar.js")).status).toBe(500);
    const answers = await Promise.all([1, 2, 3].map(() => app.request("/docs/scalar.js")));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(reads).toBe(2);
  });
});
