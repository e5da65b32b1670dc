import type { Endpoint } from "../runtime/runtime.ts";

export type UpstreamRequest = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: string | null;
  /** Fires when the client goes away, in whatever phase. */
  readonly signal: AbortSignal;
};

/** `refused`: nothing was sent, another replica may be asked. `broken`: it may have acted on the request already. */
export type Forwarded =
  | { state: "answered"; response: Response }
  | { state: "refused" }
  | { state: "broken"; reason: string }
  | { state: "abandoned" };

/** The one seam to upstreams: send this request to that endpoint, and give back its answer, streaming. */
export type Forward = (request: UpstreamRequest, endpoint: Endpoint) => Promise<Forwarded>;

/**
 * Over Bun's fetch. Compressed bodies stay compressed, redirects are not followed to where nobody vouched for (only back
 * to the same origin, once, for servers that insist on a trailing slash), and no idle stream is cut.
 */
export const forwardByFetch: Forward = async (request, endpoint) => {
  const first = await send(request, endpoint.origin + request.target);
  if (first.state !== "answered" || !isRedirect(first.response)) return first;
  const location = first.response.headers.get("location") ?? "";
  const target = URL.parse(location, endpoint.origin + request.target);
  await first.response.body?.cancel();
  if (!keepsMethod(first.response) || target?.origin !== endpoint.origin) {
    return { state: "broken", reason: `redirects to ${location.slice(0, 200)}` };
  }
  const second = await send(request, target.href);
  if (second.state !== "answered" || !isRedirect(second.response)) return second;
  await second.response.body?.cancel();
  return { state: "broken", reason: "redirects twice" };
};

function send(request: UpstreamRequest, url: string): Promise<Forwarded> {
  const init = {
    method: request.method,
    headers: request.headers,
    body: request.body,
    signal: request.signal,
    redirect: "manual",
    decompress: false,
    timeout: false,
  };
  return fetch(url, init as RequestInit).then(
    (response) => ({ state: "answered", response }),
    (error: unknown) => failureOf(error, request.signal),
  );
}

function failureOf(error: unknown, signal: AbortSignal): Forwarded {
  if (signal.aborted) return { state: "abandoned" };
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return code === "ECONNREFUSED" || code === "ConnectionRefused"
    ? { state: "refused" }
    : { state: "broken", reason: code };
}

function isRedirect({ status }: Response): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** 307 and 308 keep method and body (RFC 9110 §15.4.8, §15.4.9). */
function keepsMethod({ status }: Response): boolean {
  return status === 307 || status === 308;
}
