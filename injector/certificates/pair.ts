/** A certificate, perhaps with those that lead to its authority, and its private key; PEM, as TLS takes them. */
export type Pair = {
  readonly cert: string;
  readonly key: string;
  /** When the certificate expires, in milliseconds since 1970. */
  readonly untilMs: number;
};
