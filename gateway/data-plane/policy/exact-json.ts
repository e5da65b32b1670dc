/** ECMAScript's "JSON.parse source text access", which Bun has and TypeScript's library does not know. */
const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/**
 * Like JSON.parse, for what `JSON.stringify` is to write again: numbers that a double would change (64-bit integers, `1.0`,
 * `1e400`) keep their text, as raw JSON. Of members by the same name the last stands, as in JSON.parse. Throws
 * SyntaxError, and RangeError when nested too deep.
 */
export function parseExactly(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  );
}

/** What JSON.parse would have given for a value of `parseExactly`. */
export function plain(value: unknown): unknown {
  return json.isRawJSON(value) ? Number(JSON.stringify(value)) : value;
}

/** Deeper nested bodies are not written again: the stack ends somewhere, and finding out where takes a second. */
export const maxDepth = 500;

/**
 * The text that every parser reads as JSON.parse read `text` into `parsed`: without a second member by the same name.
 * The same text when it is one already, as SDKs write it. Undefined when it is nested deeper than `maxDepth`.
 */
export function unambiguous(text: string, parsed: unknown): string | undefined {
  if (isDeeperThan(maxDepth, text)) return undefined;
  return JSON.stringify(parsed) === text ? text : JSON.stringify(parseExactly(text));
}

/** Of a text that is JSON. */
function isDeeperThan(max: number, text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (isInString && char === backslash) at++;
    else if (char === quote) isInString = !isInString;
    else if (isInString) continue;
    else if (char === openBrace || char === openBracket) {
      if (++depth > max) return true;
    } else if (char === closeBrace || char === closeBracket) depth--;
  }
  return false;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];
