/** One server by its address. */
export type Origin = {
  /** As it was given. */
  readonly url: string;
  readonly hostname: string;
  readonly port: number;
  readonly isTls: boolean;
};

/** `http://host:port` or `https://…`. Throws on anything else. */
export function originFrom(url: string): Origin {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === "https:";
  if (!isTls && protocol !== "http:") throw new Error(`an endpoint speaks HTTP, not ${protocol}`);
  return {
    url,
    // An IPv6 address has brackets in a URL only.
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (isTls ? 443 : 80) : Number(port),
    isTls,
  };
}
