import type { JWK } from "jose";
import { z } from "zod";
import { isSafeAddress } from "./settings.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type ReadingLimits = {
  /** For discovery and keys together. */
  readonly readingMs: number;
  readonly maxDocumentBytes: number;
  readonly maxKeys: number;
};

/** Reads an issuer's public signing keys. Throws when it is out of reach or what it says cannot be right. */
export type ReadKeys = (signal: AbortSignal) => Promise<JWK[]>;

/** By the discovery document (OpenID Connect Discovery 1.0 §4) unless the address of the keys is given. */
export function keyReading({
  issuer,
  jwksUrl,
  fetch,
  limits,
}: {
  issuer: string;
  jwksUrl: string | undefined;
  fetch: Fetch;
  limits: ReadingLimits;
}): ReadKeys {
  return async (signal) => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(limits.readingMs)]);
    const { success, data } = KeySet.safeParse(await readJson(jwksUrl ?? (await discover(bounded)), bounded));
    if (!success) throw new Error("what is at the keys' address is no key set");
    const { keys } = data;
    if (keys.length > limits.maxKeys) throw new Error(`the key set has more than ${limits.maxKeys} keys`);
    const usable = keys.filter(isPublicSigningKey);
    if (usable.length === 0) throw new Error("the key set has no public signing key");
    return usable;
  };

  async function discover(signal: AbortSignal): Promise<string> {
    const { success, data: document } = Discovery.safeParse(await readJson(discoveryUrl(issuer), signal));
    if (!success) throw new Error("the discovery document names no issuer or no jwks_uri");
    // §4.3: letter for letter, or one issuer could hand out another's keys.
    if (document.issuer !== issuer) throw new Error("the discovery document names another issuer");
    if (!isKeysAddress(document.jwks_uri, issuer)) throw new Error("the discovery document's jwks_uri is not https");
    return document.jwks_uri;
  }

  async function readJson(url: string, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(url, { redirect: "manual", signal, headers: { accept: "application/json" } });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`${url} answered ${response.status}`);
    }
    return JSON.parse(await readText(response, url));
  }

  async function readText(response: Response, url: string): Promise<string> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      // Leaving the loop cancels the body.
      if (bytes > limits.maxDocumentBytes) throw new Error(`${url} is larger than ${limits.maxDocumentBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  }
}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
const KeySet = z.object({ keys: z.array(z.custom<JWK>((key) => typeof key === "object" && key !== null)) });

function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

/** Only an issuer on this machine may keep its keys on this machine without TLS. Queries are fine here. */
function isKeysAddress(url: string, issuer: string): boolean {
  const keys = URL.parse(url);
  return keys !== null && (keys.protocol === "https:" || (issuer.startsWith("http:") && isSafeAddress(url)));
}

function isPublicSigningKey(key: JWK): boolean {
  return ["RSA", "EC", "OKP"].includes(key.kty ?? "") && key.d === undefined && key.use !== "enc";
}
