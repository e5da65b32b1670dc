import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import Provider, { type ClientMetadata, errors } from "oidc-provider";

/** A real OAuth authorization server on loopback: what a test's user, client and gateway need of it. */
export type Issuer = AsyncDisposable & {
  /** As metadata and tokens spell it: no trailing slash. */
  readonly url: string;
  readonly jwksUrl: string;
  /** Every resource indicator (RFC 8707) that a client asked a token for, in order. */
  readonly resourcesAsked: readonly string[];
  /** Who is signed in at the browser from now on; consent is given without asking. */
  signIn(user: string): void;
  /** Makes a client id metadata document readable for this issuer at its https URL, and for nobody else. */
  publishClient(url: string, document: ClientMetadata): void;
};

export type IssuerOptions = {
  /** The resources that there are; a client that asks for another is refused. Without it, any. */
  readonly resources?: readonly string[];
  readonly algorithm?: "ES256" | "RS256";
  /** What access tokens may hold, beside `openid` and `offline_access`, which are for no resource. */
  readonly scopes?: readonly string[];
  /** Further claims of a user's access tokens, such as `roles`. */
  readonly claims?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/**
 * Dynamic registration (RFC 7591), client id metadata documents, PKCE, and access tokens that are JWTs (RFC 9068) for the
 * one resource that was asked for.
 */
export async function startIssuer({
  resources,
  algorithm = "ES256",
  scopes = ["mcp"],
  claims = {},
}: IssuerOptions = {}): Promise<Issuer> {
  let user = "ada";
  const documents = new Map<string, ClientMetadata>();
  const resourcesAsked: string[] = [];
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: algorithm, use: "sig", kid: crypto.randomUUID() };

  const provider = new Provider(url, {
    jwks: { keys: [key] },
    cookies: { keys: [crypto.randomUUID()] },
    scopes: ["openid", "offline_access", ...scopes],
    clientDefaults: { id_token_signed_response_alg: algorithm },
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    extraTokenClaims: (_context, token) => ({ ...claims["accountId" in token ? token.accountId : ""] }),
    ttl: { AccessToken: 3600, Grant: 3600, IdToken: 3600, Interaction: 600, Session: 3600, RefreshToken: 3600 },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      clientIdMetadataDocument: { enabled: true, ack: "draft-02" },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_context, resource) {
          resourcesAsked.push(resource);
          if (resources && !resources.includes(resource)) throw new errors.InvalidTarget();
          return {
            scope: scopes.join(" "),
            audience: resource,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: algorithm } },
          };
        },
        useGrantedResource: () => true,
      },
    },
    async fetch(input) {
      const document = documents.get(String(input));
      return document ? Response.json(document) : new Response(null, { status: 404 });
    },
  });
  const handle = provider.callback();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith("/interaction/")) await agree(provider, user, request, response);
    else await handle(request, response);
  }

  return {
    url,
    jwksUrl: `${url}/jwks`,
    resourcesAsked,
    signIn(name) {
      user = name;
    },
    publishClient: (at, document) => void documents.set(at, document),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Signs the user in and agrees to all that the client asks for. */
async function agree(
  provider: Provider,
  accountId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId } });
  }
  const grant =
    (grantId ? await provider.Grant.find(grantId) : undefined) ??
    new provider.Grant({ accountId, clientId: String(params["client_id"]) });
  const { missingOIDCScope, missingResourceScopes } = prompt.details as {
    missingOIDCScope?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  for (const [resource, wanted] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, wanted.join(" "));
  }
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
