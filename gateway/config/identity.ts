import type { z } from "zod";
import { isRequirableScope, isScope } from "../auth/challenge.ts";
import type { ProtectedResource } from "../auth/metadata.ts";
import { Issuers, type IssuerSettings, issuerUrl } from "../auth/oidc/settings.ts";
import type { Environment } from "./environment.ts";

/** How callers are known: they say so themselves, or by tokens of these issuers. */
export type Auth =
  | { readonly kind: "dev" }
  | { readonly kind: "oidc"; readonly issuers: readonly IssuerSettings[]; readonly resource: ProtectedResource };

type Read = { state: "read"; auth: Auth } | { state: "invalid"; problems: string[] };

/** Where an issuer is named, tokens are asked for: nobody who configures one means to go without. */
export function readAuth(env: Environment): Read {
  const written = issuersIn(env);
  const kind = env.AUTH ?? (written.length > 0 ? "oidc" : "dev");
  if (kind === "dev") return { state: "read", auth: { kind } };
  if (written.length === 0) {
    return invalid(
      "AUTH: oidc needs an issuer; set OIDC_ISSUER and OIDC_AUDIENCE, or ENTRA_TENANT_ID and ENTRA_CLIENT_ID",
    );
  }
  const parsed = Issuers.safeParse(written);
  if (!parsed.success) return invalid(...parsed.error.issues.map((issue) => describe(issue, written)));
  const badScopes = [...env.REQUIRED_SCOPES.filter((scope) => !isRequirableScope(scope))];
  if (badScopes.length > 0)
    return invalid(`REQUIRED_SCOPES: ${badScopes.join(", ")} is no scope that a token can hold`);
  return { state: "read", auth: { kind, issuers: parsed.data, resource: resourceOf(env, parsed.data) } };
}

function resourceOf(env: Environment, issuers: readonly IssuerSettings[]): ProtectedResource {
  const supported = env.SCOPES_SUPPORTED.length > 0 ? env.SCOPES_SUPPORTED : [...env.REQUIRED_SCOPES, ...usual(env)];
  return {
    mode: env.PRM_RESOURCE_MODE,
    issuers: issuers.map(issuerUrl),
    requiredScopes: env.REQUIRED_SCOPES,
    scopesSupported: [...new Set(supported)].filter(isScope),
  };
}

/** What the Microsoft gateway advertises, if nothing else is said. */
function usual({ ENTRA_CLIENT_ID, REQUIRED_SCOPES }: Environment): string[] {
  return ENTRA_CLIENT_ID && REQUIRED_SCOPES.length === 0 ? [`api://${ENTRA_CLIENT_ID}/.default`] : [];
}

function issuersIn(env: Environment): unknown[] {
  const entra = env.ENTRA_TENANT_ID !== undefined || env.ENTRA_CLIENT_ID !== undefined;
  return [
    ...(entra ? [entraIssuer(env)] : []),
    ...(env.OIDC_ISSUER === undefined ? [] : [oidcIssuer(env)]),
    ...(env.OIDC_ISSUERS ?? []),
  ];
}

function entraIssuer(env: Environment) {
  return {
    kind: "entra",
    idPrefix: env.ENTRA_ID_PREFIX,
    tenantId: env.ENTRA_TENANT_ID,
    clientId: env.ENTRA_CLIENT_ID,
    audiences: env.ENTRA_AUDIENCE,
    allowV1: env.ENTRA_ALLOW_V1,
    authority: env.ENTRA_AUTHORITY,
  };
}

function oidcIssuer(env: Environment) {
  const { OIDC_CLAIM_ID: id, OIDC_CLAIM_NAME: name, OIDC_CLAIM_ROLES: roles } = env;
  const claims = { id, name: name.length > 0 ? name : undefined, roles: roles.length > 0 ? roles : undefined };
  return { kind: "oidc", idPrefix: env.OIDC_ID_PREFIX, issuer: env.OIDC_ISSUER, audiences: audiencesIn(env), claims };
}

/** Tokens for the gateway as a whole, where nothing else is said; those for one MCP URL are taken at that URL. */
function audiencesIn({ OIDC_AUDIENCE, PUBLIC_ORIGIN }: Environment): readonly string[] {
  if (OIDC_AUDIENCE.length > 0 || PUBLIC_ORIGIN === undefined) return OIDC_AUDIENCE;
  return [PUBLIC_ORIGIN, `${PUBLIC_ORIGIN}/`];
}

const fields: Readonly<Record<string, string>> = {
  tenantId: "ENTRA_TENANT_ID",
  clientId: "ENTRA_CLIENT_ID",
  authority: "ENTRA_AUTHORITY",
  issuer: "OIDC_ISSUER",
  audiences: "OIDC_AUDIENCE",
};

/** By the variable's name where there is one for it, else by the path in OIDC_ISSUERS. */
function describe({ path, message }: z.core.$ZodIssue, written: readonly unknown[]): string {
  const [index, field] = path;
  const name = written.length === 1 ? fields[String(field)] : undefined;
  return `${name ?? ["issuer", index, field].filter((part) => part !== undefined).join(" ")}: ${message}`;
}

function invalid(...problems: string[]): Read {
  return { state: "invalid", problems };
}
