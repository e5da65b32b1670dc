/** What a label says of every value for which there is no room. */
export const other = "other";

/** Longer ones are nobody's name. */
const usualLength = 128;

/** Keeps the first `max` values that it sees, so that a metric's label has no more than those and `other`. */
export function firstValues(max: number, maxLength = usualLength): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= max || value.length > maxLength) return other;
    known.add(value);
    return value;
  };
}

/**
 * The same for names that callers choose: one gets room only when it is proven to be somebody's name, so that made-up ones do not
 * take it all.
 */
export function provenValues(max: number, maxLength = usualLength): (value: string, isProven: boolean) => string {
  const known = new Set<string>();
  return (value, isProven) => {
    if (isProven && known.size < max && value.length <= maxLength) known.add(value);
    return known.has(value) ? value : other;
  };
}

/** One of these values, or `other`. */
export function oneOf(values: Iterable<string>): (value: string) => string {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : other);
}

const statuses = oneOf(
  [200, 202, 204, 400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429, 499, 500, 502, 503, 504].map(String),
);

/** An HTTP status: those that are usual with MCP, and `3xx` for all others of a class. */
export function statusLabel(status: number): string {
  const label = statuses(String(status));
  return label === other ? `${Math.floor(status / 100)}xx` : label;
}

/** JSON-RPC's own codes, and those that MCP gives a meaning (to 2026-07-28). */
const codes = oneOf([-32700, -32600, -32601, -32602, -32603, -32001, -32002, -32020, -32021, -32022].map(String));

/** A JSON-RPC error's code; `none` where there was no error. */
export function rpcErrorLabel(code: number | undefined): string {
  return code === undefined ? "none" : codes(String(code));
}
