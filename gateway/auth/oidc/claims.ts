export type Claims = Readonly<Record<string, unknown>>;

/**
 * The claim at a path. A name may itself hold dots (`https://example.com/roles`, `kubernetes.io`), so every way of cutting the
 * path is tried, the longest name first.
 */
export function claimAt(claims: unknown, path: string): unknown {
  if (!isObject(claims)) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const name = path.slice(0, dot);
    const found = Object.hasOwn(claims, name) ? claimAt(claims[name], path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All roles at these paths, each once. Roles go upstream as a comma list: one with a comma in it would be two. */
export function rolesAt(claims: Claims, paths: readonly string[]): string[] {
  const roles = paths.flatMap((path) => words(claimAt(claims, path), /[\s,]+/));
  return [...new Set(roles)].filter((role) => isPlain(role) && !role.includes(","));
}

/** OAuth scopes: `scope` (RFC 8693 §4.2), and `scp` as Entra and Okta write it. */
export function scopesOf(claims: Claims): string[] {
  return [...new Set([...words(claims["scope"], /\s+/), ...words(claims["scp"], /\s+/)])];
}

/** The first text among these claims. */
export function firstText(claims: Claims, paths: readonly string[]): string | undefined {
  return paths.map((path) => claimAt(claims, path)).find((value) => isId(value));
}

const maxIdLength = 256;

/** What can name somebody in a header and a log line. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && value.length <= maxIdLength && value.trim() !== "" && isPlain(value);
}

/** Says something: not null, not an empty text, list or object. */
export function isFilled(value: unknown): boolean {
  if (typeof value === "string") return value.trim() !== "";
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) && Object.keys(value).length > 0;
}

function words(value: unknown, between: RegExp): string[] {
  if (typeof value === "string") return value.split(between).filter(Boolean);
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string" && item !== "") : [];
}

function isPlain(text: string): boolean {
  return !/\p{Cc}/u.test(text);
}

export function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
