import type { Asker } from "../asker.ts";
import type { DoctorLimits } from "../limits.ts";
import type { Requests } from "../requests.ts";
import type { Network } from "./network.ts";

/** What the steps of a client work with. */
export type ClientParts = {
  readonly target: Target;
  /** The way to the MCP endpoint. */
  readonly door: Asker;
  /** The way to documents: metadata of the resource and of its issuers. */
  readonly documents: Asker;
  /** Requests to the MCP endpoint, with the caller's credentials. */
  readonly requests: Requests;
  /** The same from a stranger. */
  readonly anonymous: Requests;
  readonly hasCredentials: boolean;
  /** The bearer token among them. */
  readonly token: string | undefined;
  /** Of the page that a browser's client is on. */
  readonly pageOrigin: string | undefined;
  /** A sentence: why the network is not looked at. */
  readonly network: Network | string;
  /** `inside`: from the gateway itself, for which a way may be closed that is open to others. */
  readonly vantage: "inside" | "outside";
  readonly limits: DoctorLimits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What is to be done at the end, by what it belongs to. */
  readonly cleanups: Map<string, () => Promise<void>>;
};

/** The MCP URL as clients know it. */
export type Target = {
  readonly href: string;
  readonly origin: string;
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
  readonly isTls: boolean;
  readonly isLoopback: boolean;
};

export function targetAt(url: URL): Target {
  const { origin, protocol, pathname, search, port } = url;
  const isTls = protocol === "https:";
  return {
    href: `${origin}${pathname}${search}`,
    origin,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (isTls ? 443 : 80) : Number(port),
    path: pathname,
    isTls,
    isLoopback: isLoopback(url.hostname),
  };
}

/** A URL's hostname, in which an IPv6 address has brackets. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
