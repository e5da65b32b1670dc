import { isIP } from "node:net";
import type { Known } from "../known.ts";
import { failed, type Found, ok, type Step, skipped, warning } from "../step.ts";
import { plural } from "../words.ts";
import { handshakeFinding } from "./certificate.ts";
import type { Connected, Network } from "./network.ts";
import type { ClientParts, Target } from "./parts.ts";

/** The URL, and all that lies below HTTP. */
export function reachingSteps({ target, network, vantage, limits, now }: ClientParts): Step<Known>[] {
  const { hostname, port } = target;
  const notLookedAt = typeof network === "string" ? network : undefined;
  const net = network as Network;
  return [
    {
      id: "url",
      title: "URL",
      expected: "An https URL (http on this machine only), spelled as clients write it",
      take: () => urlFound(target),
    },
    {
      id: "dns",
      title: "DNS",
      expected: "The name has an address",
      unless: ({ stop }) => stop ?? notLookedAt ?? (isIP(hostname) ? "The host is an address." : undefined),
      async take() {
        const addresses = await net.addressesOf(hostname);
        if (addresses.length > 0) return ok(`${hostname} is ${addresses.join(", ")}.`);
        return closed(failed("name-unresolved", `${hostname} has no address.`), "The name could not be resolved.");
      },
    },
    {
      id: "tcp",
      title: "Connection",
      expected: "Every address takes connections",
      unless: ({ stop }) => stop ?? notLookedAt,
      take: connectToAll,
    },
    {
      id: "tls",
      title: "TLS",
      expected: "A certificate for this host, valid now and signed by whom clients trust",
      unless: ({ stop }) => stop ?? notLookedAt ?? (target.isTls ? undefined : "The URL is http."),
      async take() {
        const found = handshakeFinding(
          await net.handshake(hostname, port, limits.connectMs),
          now(),
          limits.expiringDays,
        );
        return found.outcome === "failed" ? closed(found, "No client trusts this connection.") : found;
      },
    },
  ];

  async function connectToAll(): Promise<Found<Known>> {
    const all = isIP(hostname) ? [hostname] : await net.addressesOf(hostname);
    const addresses = all.slice(0, limits.addresses);
    if (addresses.length === 0) return skipped("The name has no address.");
    const outcomes = await Promise.all(addresses.map((address) => net.connect(address, port, limits.connectMs)));
    const got = addresses.map((address, i) => `${address} port ${port}: ${outcomes[i]}`).join("; ");
    if (!outcomes.includes("connected")) {
      const word = outcomes.includes("timeout") ? "connection-timeout" : "connection-refused";
      return closed(failed(word, `${got}.`), "No connection could be made.");
    }
    // One that refuses costs a client nothing: it goes on to the next at once.
    return outcomes.includes("timeout") ? warning("address-unreachable", `${got}.`) : ok(connections(outcomes));
  }

  /** From the inside a closed door says little, and the steps go on: they do not need it. */
  function closed(found: Found<Known>, stop: string): Found<Known> {
    if (vantage === "outside") return { ...found, learned: { stop } };
    if (found.outcome !== "failed") return found;
    return { ...found, outcome: "warning", got: `From the gateway itself: ${found.got}` };
  }
}

function connections(outcomes: readonly Connected[]): string {
  const open = outcomes.filter((outcome) => outcome === "connected").length;
  return `${open} of ${plural(outcomes.length, "address")} took a connection.`;
}

function urlFound({ href, isTls, isLoopback, path }: Target): Found<Known> {
  if (!isTls && !isLoopback) return warning("no-tls", `${href} is http.`);
  if (/\/mcp\/$/.test(path)) return warning("trailing-slash", `${href} ends with a slash.`);
  return ok(href);
}
