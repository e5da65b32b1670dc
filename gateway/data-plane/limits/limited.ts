/** A call that may not be made now. `limit`: so many are allowed. */
export type Limited = {
  readonly state: "limited";
  readonly what: "requests" | "streams" | "sessions";
  readonly limit: number;
  /** Whole seconds, 1 or more. */
  readonly retryAfterSeconds: number;
};

/** What is left after a call that was counted. */
export type Rate = {
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until there is more than that. */
  readonly resetSeconds: number;
};

export const windowSeconds = 60;

/**
 * The answer on MCP paths: a JSON-RPC error without an id under 429 (RFC 6585 §4). SDKs hand its text on to whoever made
 * the call, which is a model often enough: so it says what is allowed, and what to do. `to`: what was called, in words.
 */
export function limitedAnswer(limited: Limited, to: string): Response {
  const { what, limit, retryAfterSeconds } = limited;
  const error = { code: -32600, message: sentence(limited, to), data: { what, limit, retryAfterSeconds } };
  const headers = new Headers({ "retry-after": String(retryAfterSeconds) });
  if (what === "requests") addRateFields(headers, { limit, remaining: 0, resetSeconds: retryAfterSeconds });
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 429, headers });
}

/**
 * RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10, §3 and §4), as one policy of ours beside those
 * that an MCP server may have of its own. Streams and sessions have no fields: the draft has no unit for things held open.
 */
export function addRateFields(headers: Headers, { limit, remaining, resetSeconds }: Rate): void {
  headers.append("ratelimit-policy", `"gateway";q=${limit};w=${windowSeconds}`);
  headers.append("ratelimit", `"gateway";r=${remaining};t=${resetSeconds}`);
}

function sentence({ what, limit, retryAfterSeconds }: Limited, to: string): string {
  const again = `ry again in ${retryAfterSeconds} s.`;
  switch (what) {
    case "requests":
      return `Too many calls to ${to}: ${limit} per minute are allowed. T${again}`;
    case "streams":
      return `Too many open event streams: ${limit} at once are allowed. Close one, or t${again}`;
    case "sessions":
      return `Too many open sessions on ${to}: ${limit} at once are allowed. End one with DELETE, or t${again}`;
  }
}
