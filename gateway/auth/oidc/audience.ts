import type { Claims } from "./claims.ts";
import { type Refused, refused } from "./refusal.ts";

/**
 * What a token is for. `resources`: only these URLs of ours (RFC 8707), to be compared with the one that it is used at;
 * undefined: the gateway as a whole, since it names one of the audiences in the settings.
 */
export type Audience = { readonly state: "ours"; readonly resources: readonly string[] | undefined };

/** `publicOrigin` is a setting, never what a request says. */
export function audienceOf(
  { aud }: Claims,
  audiences: readonly string[],
  publicOrigin: string | undefined,
): Audience | Refused {
  if (aud === undefined) return refused("missing-claim");
  const named = (Array.isArray(aud) ? aud : [aud]).filter((item): item is string => typeof item === "string");
  if (named.some((item) => audiences.includes(item))) return { state: "ours", resources: undefined };
  const resources = named.filter((item) => publicOrigin !== undefined && item.startsWith(`${publicOrigin}/`));
  return resources.length > 0 ? { state: "ours", resources } : refused("audience");
}
