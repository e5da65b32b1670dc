import { OAuth2Server } from "oauth2-mock-server";

/** An issuer that signs whatever it is told to: for tables of good and bad tokens. */
export type MockIssuer = AsyncDisposable & {
  readonly url: string;
  readonly jwksUrl: string;
  /** How often its keys were asked for. */
  jwksRequests(): number;
  /**
   * A signed token of these claims, over `iss`, `iat`, `nbf` and `exp` (an hour from now); a claim or header field that
   * is undefined is left out.
   */
  token(
    claims?: Readonly<Record<string, unknown>>,
    options?: { expiresInS?: number; header?: Readonly<Record<string, unknown>> },
  ): Promise<string>;
  /** Publishes a further key and signs with it from now on; tokens of the keys before stay good. */
  rotate(): Promise<void>;
  /** Publishes the current key alone. */
  withdrawOldKeys(): void;
  /** Nobody answers, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
};

export async function mockIssuer(algorithm: "RS256" | "ES256" = "RS256"): Promise<MockIssuer> {
  const server = new OAuth2Server();
  const { keys } = server.issuer;
  let { kid } = await keys.generate(algorithm);
  let published = new Set([kid]);
  let jwksRequests = 0;
  const allKeys = keys.toJSON.bind(keys);
  keys.toJSON = (withPrivateFields) => {
    jwksRequests++;
    return allKeys(withPrivateFields).filter((key) => published.has(key.kid));
  };
  await server.start(0, "127.0.0.1");
  const { port } = server.address();
  const url = `http://127.0.0.1:${port}`;
  server.issuer.url = url;

  return {
    url,
    jwksUrl: `${url}/jwks`,
    jwksRequests: () => jwksRequests,
    token: (claims = {}, { expiresInS = 3600, header = {} } = {}) =>
      server.issuer.buildToken({
        kid,
        expiresIn: expiresInS,
        scopesOrTransform(headerOfToken, payload) {
          replace(headerOfToken, header);
          replace(payload, claims);
        },
      }),
    async rotate() {
      ({ kid } = await keys.generate(algorithm));
      published.add(kid);
    },
    withdrawOldKeys() {
      published = new Set([kid]);
    },
    down: () => server.stop(),
    async up() {
      await server.start(port, "127.0.0.1");
      server.issuer.url = url;
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await server.stop();
    },
  };
}

function replace(target: Record<string, unknown>, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete target[name];
    else target[name] = value;
  }
}
