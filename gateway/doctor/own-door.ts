import type { Network } from "./client/network.ts";
import { type Send, sendOverNetwork } from "./send.ts";

/** What the caller calls by, which every request in its name repeats. */
const credentialNames = ["authorization", "x-dev-userid", "x-dev-name", "x-dev-roles"];
/** How it came, by which the gateway knows its own origin. */
const wayNames = ["host", "forwarded", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"];

export const credentialsOf = (headers: Headers) => picked(headers, credentialNames);
export const wayOf = (headers: Headers) => picked(headers, wayNames);

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  const given = names.map((name) => [name, headers.get(name)] as const);
  return Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** A request to this gateway that stays in this process. */
export function sendToSelf(handle: (request: Request) => Response | Promise<Response>): Send {
  return async (request) => ({ state: "answered", response: await handle(request) });
}

/**
 * Documents over the network, from places that settings name and from nowhere else: a caller chooses the Host of its request,
 * and could have the gateway ask whatever it cannot reach itself. What is at the gateway's own origin it can say by itself,
 * where no setting names that, or where the way out and in again is closed.
 */
export function sendToKnown({
  publicOrigin,
  issuers,
  ownOrigin,
  self,
  fetch,
}: {
  publicOrigin: string | undefined;
  issuers: readonly string[];
  /** As the caller came. */
  ownOrigin: string;
  self: (request: Request) => Response | Promise<Response>;
  fetch: Parameters<typeof sendOverNetwork>[0];
}): Send {
  const network = sendOverNetwork(fetch);
  const toSelf = sendToSelf(self);
  const known = new Set(issuers.map((issuer) => URL.parse(issuer)?.origin));
  return async (request) => {
    const { origin } = new URL(request.url);
    if (known.has(origin)) return network(request);
    if (origin !== ownOrigin)
      return { state: "unanswered", why: "not-asked", reason: "no setting of the gateway names it" };
    const sent = origin === publicOrigin ? await network(request.clone() as Request) : undefined;
    return sent?.state === "answered" ? sent : toSelf(request);
  };
}

/** Below HTTP only what a setting names is looked at, for the same reason. */
export function knownNetwork(publicOrigin: string | undefined, network: Network): Network | string {
  if (publicOrigin !== undefined) return network;
  return "PUBLIC_ORIGIN does not say where clients reach the gateway: `npm run doctor` looks from where they are.";
}
