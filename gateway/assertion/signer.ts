import { sign } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Principal } from "../auth/principal.ts";
import { assertionIssuer, assertionType, type Claims, maxAgeSeconds } from "./assertion.ts";
import type { SigningKey } from "./keys.ts";

/** Who asks for what: all of it is in the assertion. */
export type About = {
  readonly principal: Principal;
  /** `{namespace}/{adapter}` */
  readonly audience: string;
  /** The server's own session id, where the request has one, and the uid of the pod it lives in. */
  readonly session: string | undefined;
  readonly pod: string | undefined;
};

/** A request may be under way for a while before the guard reads it. */
const renewBeforeMs = 30_000;
const maxKept = 20_000;

type Kept = { readonly token: string; readonly until: number };

/**
 * Makes assertions, and uses each for half of its life: a request of the same caller to the same server, in the same session,
 * costs a look into a map. `key` gives the one that is signed with now.
 */
export function assertionSigner({
  key,
  now,
  onMade = () => undefined,
}: {
  key: () => SigningKey;
  now: () => number;
  /** Hears of every assertion: whether it had to be signed. */
  onMade?: (source: "signed" | "cached") => void;
}): (about: About) => string {
  const kept = new LRUCache<string, Kept>({ max: maxKept });
  return (about) => {
    const name = nameOf(about);
    const nowMs = now();
    const known = kept.get(name);
    if (known !== undefined && nowMs < known.until) {
      onMade("cached");
      return known.token;
    }
    const token = signed(claimsFor(about, nowMs), key());
    kept.set(name, { token, until: nowMs + maxAgeSeconds * 1000 - renewBeforeMs });
    onMade("signed");
    return token;
  };
}

/** Whatever a principal's key holds, it comes last, and nothing before it can hold a line break. */
function nameOf({ principal, audience, session = "", pod = "" }: About): string {
  const roles = principal.roles.length === 0 ? "" : JSON.stringify(principal.roles);
  return `${audience}\n${pod}\n${session}\n${roles}\n${principal.key}`;
}

function claimsFor({ principal, audience, session, pod }: About, nowMs: number): Claims {
  const iat = Math.floor(nowMs / 1000);
  return {
    iss: assertionIssuer,
    aud: audience,
    sub: principal.id,
    roles: principal.roles,
    ...(session !== undefined && { sid: session }),
    ...(pod !== undefined && { pod }),
    iat,
    exp: iat + maxAgeSeconds,
  };
}

/** RFC 7515 §7.1 */
function signed(claims: Claims, { kid, privateKey }: SigningKey): string {
  const head = base64url(JSON.stringify({ alg: "EdDSA", typ: assertionType, kid }));
  const text = `${head}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
