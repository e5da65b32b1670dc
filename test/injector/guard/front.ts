import { assertionSigner } from "../../../gateway/assertion/signer.ts";
import { audience, gatewayKey, podUid } from "./support.ts";

/** What the gateway does for a guard, and nothing else: an assertion on every request, for the session that it has. */
export function startFront(
  guardUrl: string,
  principal = { key: "dev:ada", id: "ada", name: "Ada", roles: ["mcp.dev"] },
) {
  const sign = assertionSigner({ key: () => gatewayKey, now: Date.now });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const session = request.headers.get("mcp-session-id") ?? undefined;
      const headers = new Headers(request.headers);
      headers.delete("host");
      headers.set("mcp-gateway-assertion", sign({ principal, audience, session, pod: session && podUid }));
      const { method, signal } = request;
      const { pathname } = new URL(request.url);
      return fetch(guardUrl + pathname, {
        method,
        headers,
        body: request.body,
        signal,
        decompress: false,
        timeout: false,
      } as RequestInit);
    },
  });
  return { url: new URL("/mcp", server.url), [Symbol.asyncDispose]: () => server.stop(true) };
}
