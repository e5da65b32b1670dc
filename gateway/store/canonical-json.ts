/** Deeper nesting is nobody's arguments, but could be somebody's attempt at our stack. */
const maxDepth = 200;

/**
 * A parsed JSON value in its one canonical spelling (RFC 8785: no spaces, members sorted by UTF-16 code units), so that
 * equal values have equal hashes. Half of a surrogate pair, which the RFC refuses, is escaped. Undefined for what nests
 * deeper than 200.
 */
export function canonicalJson(value: unknown): string | undefined {
  return spell(value, maxDepth);
}

function spell(value: unknown, depthLeft: number): string | undefined {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (depthLeft === 0) return undefined;
  return Array.isArray(value) ? spellArray(value, depthLeft - 1) : spellObject(value, depthLeft - 1);
}

function spellArray(items: readonly unknown[], depthLeft: number): string | undefined {
  const spelled: string[] = [];
  for (const item of items) {
    const text = spell(item, depthLeft);
    if (text === undefined) return undefined;
    spelled.push(text);
  }
  return `[${spelled.join(",")}]`;
}

function spellObject(object: object, depthLeft: number): string | undefined {
  const members = object as Record<string, unknown>;
  const spelled: string[] = [];
  for (const key of Object.keys(members).sort()) {
    const text = spell(members[key], depthLeft);
    if (text === undefined) return undefined;
    spelled.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${spelled.join(",")}}`;
}
