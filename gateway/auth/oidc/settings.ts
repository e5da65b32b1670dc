import { z } from "zod";

/** What may sign a token: asymmetric algorithms only, so that a public key can never serve as a shared secret. */
const signingAlgorithms: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

const text = z.string().min(1);
const texts = z.array(text).min(1);
const algorithms = z
  .array(z.string().refine((name) => signingAlgorithms.includes(name), "must be an asymmetric signing algorithm"))
  .min(1);
const address = z
  .string()
  .refine(isSafeAddress, "must be an https URL without query, fragment or user (http on loopback only)");
const guid = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "must be a GUID")
  .transform((id) => id.toLowerCase());

const shared = {
  /** Where the keys are, for an issuer whose discovery document cannot be read; otherwise discovery says it. */
  jwksUrl: address.optional(),
  /** Set before every id of this issuer, so that equal ids of two issuers stay two people. */
  idPrefix: z.string().default(""),
};

/** Any OpenID Connect issuer. A claim's name may be a path with dots: `realm_access.roles`. */
export const OidcIssuer = z.strictObject({
  ...shared,
  kind: z.literal("oidc"),
  /** Exactly as in the tokens' `iss`: Auth0's ends in a slash, Keycloak's does not. */
  issuer: address,
  /** A token has to name one of them in `aud`. */
  audiences: texts,
  claims: z
    .strictObject({
      id: text.default("sub"),
      /** The first one that is there. */
      name: texts.default(["name", "preferred_username"]),
      /** All of them together; each a list, or a string with spaces or commas. */
      roles: texts.default(["roles"]),
    })
    .prefault({}),
  /** What shows that a token without type `at+jwt` is an access token: one of these claims, not empty. */
  accessTokenClaims: texts.default(["scope", "scp"]),
  algorithms: algorithms.default([...signingAlgorithms]),
});

/** One tenant of Microsoft Entra ID and one app registration in it. */
export const EntraIssuer = z.strictObject({
  ...shared,
  kind: z.literal("entra"),
  /** `common` and `organizations` are no tenants: their tokens come from anywhere. */
  tenantId: guid,
  clientId: guid,
  /** App ID URIs beside the client id and `api://` before it, which are always accepted. */
  audiences: z.array(text).default([]),
  /** Also accept tokens of version 1.0, the default of older app registrations. */
  allowV1: z.boolean().default(false),
  /** Sovereign clouds have their own, such as `https://login.microsoftonline.us`. */
  authority: address.default("https://login.microsoftonline.com").transform(withoutSlash),
  v1Authority: address.default("https://sts.windows.net").transform(withoutSlash),
  claims: z
    .strictObject({
      /** Without it: `oid`, or `sub` where a token has no `oid`. */
      id: text.optional(),
      name: texts.default(["name", "preferred_username", "upn", "app_displayname"]),
      roles: texts.default(["roles"]),
    })
    .prefault({}),
  algorithms: algorithms.default(["RS256"]),
});

export const IssuerSettings = z.discriminatedUnion("kind", [OidcIssuer, EntraIssuer]);

/** One issuer or several, no two of which could be taken for each other. */
export const Issuers = z.array(IssuerSettings).min(1).superRefine(apart);

export type OidcIssuer = z.infer<typeof OidcIssuer>;
export type EntraIssuer = z.infer<typeof EntraIssuer>;
export type IssuerSettings = z.infer<typeof IssuerSettings>;

/** The issuer as its discovery document and RFC 9728 `authorization_servers` name it. */
export function issuerUrl(settings: IssuerSettings): string {
  return settings.kind === "oidc" ? settings.issuer : `${settings.authority}/${settings.tenantId}/v2.0`;
}

/** Every `iss` that this issuer's tokens may carry. */
export function issOf(settings: IssuerSettings): string[] {
  const url = issuerUrl(settings);
  return settings.kind === "entra" && settings.allowV1 ? [url, `${settings.v1Authority}/${settings.tenantId}/`] : [url];
}

/** Every `aud` that is us. Tokens of version 2.0 name the client id, those of 1.0 the App ID URI or the client id. */
export function audiencesOf(settings: IssuerSettings): string[] {
  if (settings.kind === "oidc") return settings.audiences;
  return [settings.clientId, `api://${settings.clientId}`, ...settings.audiences];
}

/** https, or http to this machine, with nothing behind the path. */
export function isSafeAddress(address: string): boolean {
  const url = URL.parse(address);
  if (!url || /[?#\s]/.test(address) || url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function apart(issuers: IssuerSettings[], context: z.core.$RefinementCtx<IssuerSettings[]>): void {
  const names = issuers.flatMap(issOf);
  const prefixes = issuers.map(({ idPrefix }) => idPrefix);
  if (new Set(names).size < names.length) {
    context.addIssue("each issuer can be named once; give one all the audiences instead");
  }
  if (new Set(prefixes).size < prefixes.length) {
    context.addIssue("of several issuers each needs another idPrefix, or equal ids would be one person");
  }
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, "");
}
