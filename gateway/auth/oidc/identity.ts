import type { Principal } from "../principal.ts";
import { whyNotAccessToken } from "./access-token.ts";
import { type Claims, claimAt, firstText, isId, rolesAt, scopesOf } from "./claims.ts";
import { type Refused, refused } from "./refusal.ts";
import type { IssuerSettings } from "./settings.ts";

/** How far the clocks of an issuer and the gateway may be apart. */
export const clockSkewSeconds = 60;

export type Identity = {
  readonly principal: Principal;
  readonly scopes: readonly string[];
  /** The URLs that the token is for; undefined: all of the gateway. */
  readonly resources: readonly string[] | undefined;
  /** From then on the token is refused: `exp` and the clock skew. */
  readonly expiresAtMs: number;
};

export type Verified = { readonly state: "verified"; readonly identity: Identity };

/** From claims whose signature, issuer, audience, `exp` and `nbf` hold to who calls. */
export function identityOf(
  settings: IssuerSettings,
  { typ, claims, resources }: { typ: string | undefined; claims: Claims; resources: Identity["resources"] },
  nowMs: number,
): Verified | Refused {
  const { exp, iat } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp)) return refused("invalid-claim");
  if (typeof iat === "number" && iat > nowMs / 1000 + clockSkewSeconds) return refused("not-yet-valid");
  const reason = whyNotAccessToken(settings, typ, claims);
  if (reason) return refused(reason);

  const subject = subjectOf(settings, claims);
  if (subject.state === "refused") return subject;
  const id = settings.claims.id === undefined ? subject.id : claimAt(claims, settings.claims.id);
  if (id === undefined) return refused("missing-claim");
  if (!isId(id)) return refused("invalid-claim");
  return {
    state: "verified",
    identity: {
      principal: {
        key: subject.key,
        id: settings.idPrefix + id,
        name: firstText(claims, settings.claims.name) ?? id,
        roles: rolesAt(claims, settings.claims.roles),
      },
      scopes: scopesOf(claims),
      resources,
      expiresAtMs: (exp + clockSkewSeconds) * 1000,
    },
  };
}

type Subject = { state: "subject"; key: string; id: string };

/** Whom the issuer never gives the same name twice: `oid` in an Entra tenant, `sub` elsewhere. */
function subjectOf(settings: IssuerSettings, claims: Claims): Subject | Refused {
  const entra = settings.kind === "entra";
  if (entra && claims["tid"] === undefined) return refused("missing-claim");
  if (entra && claims["tid"] !== settings.tenantId) return refused("tenant");
  const id = (entra ? claims["oid"] : undefined) ?? claims["sub"];
  if (id === undefined) return refused("missing-claim");
  if (!isId(id)) return refused("invalid-claim");
  return { state: "subject", id, key: entra ? `${settings.tenantId}:${id}` : `${settings.issuer}#${id}` };
}

/**
 * Ids decide who created what, so one issuer must not give out ids that another's prefix marks as its own: an id belongs
 * to the longest prefix that it begins with.
 */
export function isOwnId(id: string, prefix: string, prefixes: readonly string[]): boolean {
  return prefixes.every((other) => other.length <= prefix.length || !id.startsWith(other));
}
