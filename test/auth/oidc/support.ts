import { sign as signBytes } from "node:crypto";
import { CompactSign, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { z } from "zod";
import type { Fetch } from "../../../gateway/auth/oidc/key-reading.ts";
import type { Pause } from "../../../gateway/auth/oidc/keys.ts";
import { IssuerSettings } from "../../../gateway/auth/oidc/settings.ts";
import {
  openVerifier,
  type VerifierEvents,
  type VerifierLimits,
  verifierLimits,
} from "../../../gateway/auth/oidc/verifier.ts";

/** 2026-01-01T00:00:00Z, when all of these tests take place. */
export const startMs = 1_767_225_600_000;
export const startSeconds = 1_767_225_600;

export type Signer = Awaited<ReturnType<typeof signer>>;

/** A key of an issuer: what it publishes, and tokens signed with the other half. */
export async function signer(alg: string, kid: string | undefined) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const header = kid === undefined ? { alg } : { alg, kid };
  const jwk: JWK = { ...(await exportJWK(publicKey)), use: "sig", ...header };
  const privateJwk = await exportJWK(privateKey);
  return {
    jwk,
    publicKey,
    sign: (claims: Record<string, unknown>, more: Record<string, unknown> = {}) =>
      new SignJWT(claims).setProtectedHeader({ ...header, typ: "JWT", ...more }).sign(privateKey),
    signText: (payload: string) =>
      new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader(header).sign(privateKey),
    /** Header and payload letter for letter, RS256, for what jose itself would not write. */
    signRaw(headerText: string, payload: string): string {
      const signed = `${base64url(headerText)}.${payload}`;
      const signature = signBytes("sha256", Buffer.from(signed), { key: { ...privateJwk }, format: "jwk" });
      return `${signed}.${signature.toString("base64url")}`;
    },
  };
}

export function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** Claims of an access token from `iss` that is good for an hour. */
export function claimsOf(iss: string, aud: unknown, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { iss, aud, sub: "u-1", scope: "mcp", iat: startSeconds, exp: startSeconds + 3600, ...more };
}

export type Site = {
  keys: JWK[];
  /** What to answer instead of what is right, or to throw; `undefined`: what is right. */
  discovery: (() => Response | Promise<Response>) | undefined;
  jwks: (() => Response | Promise<Response>) | undefined;
  readonly asked: { discovery: number; jwks: number };
};

/** Issuers by their URL, reached through `fetch` alone. */
export function internet(urls: readonly string[]) {
  const sites = new Map(urls.map((url): [string, Site] => [url, newSite()]));
  const strayed: string[] = [];
  const fetch: Fetch = async (url, init) => {
    if (init.redirect !== "manual") throw new Error("redirects must not be followed");
    for (const [issuer, site] of sites) {
      const base = issuer.replace(/\/$/, "");
      if (url === `${base}/.well-known/openid-configuration`) {
        site.asked.discovery++;
        return site.discovery ? site.discovery() : Response.json({ issuer, jwks_uri: `${base}/keys` });
      }
      if (url === `${base}/keys`) {
        site.asked.jwks++;
        return site.jwks ? site.jwks() : Response.json({ keys: site.keys });
      }
    }
    strayed.push(url);
    throw new TypeError(`nobody is at ${url}`);
  };
  const siteOf = (url: string) => {
    const site = sites.get(url);
    if (!site) throw new Error(`no site ${url}`);
    return site;
  };
  return { fetch, siteOf, strayed };
}

function newSite(): Site {
  return { keys: [], discovery: undefined, jwks: undefined, asked: { discovery: 0, jwks: 0 } };
}

/** A clock that stands, and pauses that end when it is moved past them. */
export function clock() {
  let nowMs = startMs;
  const waiting = new Set<{ untilMs: number; end: () => void }>();
  const pause: Pause = (ms, signal) =>
    new Promise((resolve, reject) => {
      waiting.add({ untilMs: nowMs + ms, end: resolve });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  return {
    now: () => nowMs,
    pause,
    waiting: () => waiting.size,
    forward(ms: number) {
      nowMs += ms;
      for (const one of waiting) {
        if (one.untilMs > nowMs) continue;
        waiting.delete(one);
        one.end();
      }
    },
  };
}

export function recordedEvents() {
  const heard: string[] = [];
  const counted: string[] = [];
  const events: VerifierEvents = {
    issuerAsked: ({ result }) => counted.push(`issuer ${result}`),
    tokenLookedUp: (result) => counted.push(result),
    tokenExamined: ({ result, reason }) => counted.push(reason ?? result),
    issuerKeysRead: ({ keys }) => heard.push(`read ${keys}`),
    issuerKeysUnreadable: ({ reason, kept }) => heard.push(`unreadable, ${kept} kept: ${reason}`),
  };
  return { heard, counted, events };
}

/** A verifier on a clock that stands, with settings as they are written, not parsed. */
export async function verifierOn(
  fetch: Fetch,
  settings: readonly z.input<typeof IssuerSettings>[],
  limits: Partial<VerifierLimits> = {},
) {
  const time = clock();
  const { heard, counted, events } = recordedEvents();
  const verifier = await openVerifier({
    issuers: z.array(IssuerSettings).parse(settings),
    now: time.now,
    fetch,
    events,
    limits: { ...verifierLimits, ...limits },
    pause: time.pause,
    random: () => 0.5,
  });
  return { verifier, time, heard, counted, [Symbol.asyncDispose]: () => verifier[Symbol.asyncDispose]() };
}

/** In one word: who it is, or why not. */
export async function outcomeOf(verifier: Awaited<ReturnType<typeof openVerifier>>, token: string): Promise<string> {
  const outcome = await verifier.verify(token);
  if (outcome.state === "verified") return outcome.identity.principal.id;
  return outcome.state === "refused" ? outcome.reason : outcome.state;
}
