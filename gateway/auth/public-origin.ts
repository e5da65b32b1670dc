/**
 * The origin under which the caller reached this gateway, without a trailing slash: what metadata, challenges and
 * `Location` are built from.
 *
 * PUBLIC_ORIGIN decides where it is set. Otherwise, if `trustForwarded`, one trusted proxy is believed: each hop appends
 * to these headers, so the last element is that proxy's own and whatever stands before it is the caller's to invent.
 * A chain of proxies needs PUBLIC_ORIGIN. Headers that are malformed, and `Forwarded` and `X-Forwarded-*` that
 * contradict each other (a proxy sets one and passes the caller's other one), count as absent.
 */
export function publicOriginOf(
  request: { readonly url: string; readonly headers: Headers },
  { publicOrigin, trustForwarded }: OriginSettings,
): string {
  if (publicOrigin) return publicOrigin;
  // Bun gives a bare path where Host is missing or malformed.
  const asked = URL.parse(request.url) ?? nowhere;
  return (trustForwarded && forwardedOrigin(request.headers, asked)) || asked.origin;
}

export type OriginSettings = { readonly publicOrigin: string | undefined; readonly trustForwarded: boolean };

const nowhere = new URL("http://localhost");
const maxHeaderLength = 1024;

/** What a proxy says about the connection that it took; each part may be missing. */
type Said = { readonly proto?: string; readonly host?: string; readonly port?: string };

function forwardedOrigin(headers: Headers, asked: URL): string | undefined {
  const standard = forwarded(headers.get("forwarded"));
  const customary = {
    proto: lastOf(headers.get("x-forwarded-proto")),
    host: lastOf(headers.get("x-forwarded-host")),
    port: lastOf(headers.get("x-forwarded-port")),
  };
  const origins = [standard, customary].filter(says).map((said) => originOf(said, asked));
  const [origin] = origins;
  return origins.every((other) => other === origin) ? origin : undefined;
}

/** A port alone says nothing: it completes a scheme or a host. */
function says(said: Said): boolean {
  return said.proto !== undefined || said.host !== undefined;
}

function originOf({ proto, host, port }: Said, asked: URL): string | undefined {
  const scheme = proto?.toLowerCase() ?? asked.protocol.slice(0, -1);
  const authority = host ?? asked.host;
  if (scheme !== "http" && scheme !== "https") return undefined;
  if (!isAuthority(authority) || (port !== undefined && !isPort(port))) return undefined;
  const whole = port === undefined || hasPort(authority) ? authority : `${authority}:${port}`;
  return URL.parse(`${scheme}://${whole}`)?.origin;
}

/** A name, an IPv4 address or a bracketed IPv6 address, and perhaps a port: nothing that could end the authority early. */
function isAuthority(text: string): boolean {
  return /^(?:[a-z0-9](?:[a-z0-9_.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[1-9]\d{0,4})?$/i.test(text);
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text);
}

function hasPort(authority: string): boolean {
  return /:\d+$/.test(authority);
}

/** The last element of a comma-separated header; an empty one is malformed, not absent. */
function lastOf(header: string | null): string | undefined {
  return header?.slice(header.lastIndexOf(",") + 1).trim();
}

/** RFC 7239 §4. A header that does not parse to its end says something malformed, so that it contradicts everything. */
function forwarded(header: string | null): Said {
  if (header === null) return {};
  const element = header.length <= maxHeaderLength ? elements(header)?.at(-1) : undefined;
  if (!element) return { proto: "malformed" };
  return { proto: element.get("proto"), host: element.get("host") };
}

const pair = /[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)")[ \t]*([;,]|$)/y;

function elements(header: string): Map<string, string>[] | undefined {
  const all = [new Map<string, string>()];
  for (let end = 0, next = ";"; next;) {
    pair.lastIndex = end;
    const found = pair.exec(header);
    const element = all.at(-1);
    const name = found?.[1]?.toLowerCase();
    if (!found || !element || !name || element.has(name)) return undefined;
    element.set(name, found[2] ?? (found[3] ?? "").replace(/\\(.)/g, "$1"));
    end += found[0].length;
    next = found[4] ?? "";
    if (next === ",") all.push(new Map());
  }
  return all;
}
