import type { OAuthClientProvider, OAuthDiscoveryState } from "@modelcontextprotocol/client";

export const redirectUrl = "http://127.0.0.1:9/callback";

/**
 * What an MCP client remembers of a sign-in, for both generations of the SDK, and the browser that it sends its user to.
 * With a `documentUrl`, the client is known by its metadata document; otherwise it registers.
 */
export type OAuthClient = OAuthClientProvider & {
  /** Where the browser ended up: the redirect URL with `code`, `state` and `iss`. Throws if it was sent nowhere. */
  callback(): Promise<URL>;
  /** The client id that the issuer knows it by. */
  clientId(): string | undefined;
  registrations(): number;
};

export function oauthClient(documentUrl?: string): OAuthClient {
  let client: Awaited<ReturnType<OAuthClientProvider["clientInformation"]>>;
  let tokens: Awaited<ReturnType<OAuthClientProvider["tokens"]>>;
  let discovery: OAuthDiscoveryState | undefined;
  let verifier = "";
  let sentTo: URL | undefined;
  let registrations = 0;
  return {
    redirectUrl,
    clientMetadata: clientMetadata(),
    ...(documentUrl ? { clientMetadataUrl: documentUrl } : {}),
    state: () => "a state",
    clientInformation: () => client,
    saveClientInformation(saved) {
      if (saved.client_id !== client?.client_id && saved.client_id !== documentUrl) registrations++;
      client = saved;
    },
    tokens: () => tokens,
    saveTokens(saved) {
      tokens = saved;
    },
    redirectToAuthorization(url) {
      sentTo = url;
    },
    saveCodeVerifier(saved) {
      verifier = saved;
    },
    codeVerifier: () => verifier,
    discoveryState: () => discovery,
    saveDiscoveryState(saved) {
      discovery = saved;
    },
    async callback() {
      if (!sentTo) throw new Error("the client has not sent its user anywhere");
      return browse(sentTo);
    },
    clientId: () => client?.client_id,
    registrations: () => registrations,
  };
}

export function clientMetadata() {
  return {
    client_name: "test client",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code" as const],
    token_endpoint_auth_method: "none" as const,
  };
}

const maxRedirects = 20;

/** A browser with cookies: follows redirects until one leads to the client. */
async function browse(start: URL): Promise<URL> {
  const cookies = new Map<string, string>();
  let at = start;
  for (let count = 0; count < maxRedirects; count++) {
    if (at.href.startsWith(redirectUrl)) return at;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const page = await fetch(at, { redirect: "manual", headers: cookie ? { cookie } : {} });
    for (const set of page.headers.getSetCookie()) {
      const [name = "", value = ""] = set.slice(0, set.indexOf(";")).split("=", 2);
      cookies.set(name, value);
    }
    const location = page.headers.get("location");
    const text = await page.text();
    if (!location) throw new Error(`${at.pathname} answered ${page.status}: ${text.slice(0, 300)}`);
    at = new URL(location, at);
  }
  throw new Error(`more than ${maxRedirects} redirects`);
}
