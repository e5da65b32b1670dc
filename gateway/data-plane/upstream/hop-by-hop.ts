/** RFC 9110 §7.6.1, and what proxies of old add to it. They speak of one connection, never of the message. */
export const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What a `Connection` header says of others: that they are for this connection, too. Lower case; undefined where there is none. */
export function nominatedBy(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === "keep-alive") return undefined;
  const tokens = connection.toLowerCase().split(",");
  return new Set(tokens.map((token) => token.trim()));
}
