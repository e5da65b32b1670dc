/** An API server, and how it knows us. */
export type Cluster = {
  /** `https://host:port`, perhaps with a path; no slash at its end. */
  readonly server: string;
  /** Of the context, or of the service account. */
  readonly namespace: string | undefined;
  /**
   * What a request is sent with. `renew` after a 401: whatever is kept is read again. Throws, in words, when it cannot be had.
   */
  access(renew: boolean): Promise<Access>;
};

export type Access = { readonly tls: Tls; readonly token: string | undefined };

/** As Bun's fetch takes it. */
export type Tls = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  /** Always said: left out, NODE_TLS_REJECT_UNAUTHORIZED decides. */
  readonly rejectUnauthorized: boolean;
};

/** Who we are: a client certificate, a token, both or nobody. */
export type Identity = {
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly token?: string;
};

export type ReadIdentity = (renew: boolean) => Promise<Identity>;

/** In a file or a token from outside; says nothing of what it holds. */
export function checkedToken(text: string, what: string): string {
  const token = text.trim();
  // It becomes a header, and the error of a header that cannot be shows its value.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`${what} holds no token`);
  return token;
}
