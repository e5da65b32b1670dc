/** What the gateway has read of a request's message, for telemetry. */
export type Call = {
  /** `tools/call`, the gateway's `response` and `batch`, or the HTTP method where there is no message. */
  readonly method: string;
  readonly tool: string | undefined;
};

/** `tools/call add`, each word percent-encoded. Without such a header nothing is known but the HTTP method. */
export function callIn(header: string | null, httpMethod: string): Call {
  const [method, tool] = header?.split(" ", 2).map(decoded) ?? [];
  return { method: method || (httpMethod === "POST" ? "" : httpMethod), tool: tool || undefined };
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return "";
  }
}
