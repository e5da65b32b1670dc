/** Kubernetes refuses 127.0.0.0/8 in EndpointSlices, so pods live in this range, which has to be local to this machine. */
export const podRange = "10.244.0.0/16";
const lastOctet = 254;

/** The addresses of one node: a /24 of the range that no other cluster on this machine has. */
export type PodAddresses = Disposable & {
  readonly node: string;
  /** A pod's address; after 253 of them the first ones come again. */
  next(): string;
};

/**
 * Whether every address of the range is local here: they can then be listened on, and nothing sent to one leaves the machine.
 * `isolated.ts` makes it so in a network namespace of its own; the machine's own routes are never changed.
 */
export function podRangeIsLocal(): boolean {
  if (!Bun.which("ip")) return false;
  return Bun.spawnSync(["ip", "route", "get", "10.244.255.1"]).stdout.toString().startsWith("local ");
}

/** Claims the first /24 whose first address has no listener on the claim's port, and holds it until disposed. */
export function claimPodAddresses(): PodAddresses {
  for (let subnet = 0; subnet < 255; subnet += 1) {
    const node = `10.244.${subnet}.1`;
    const claim = tryListen(node);
    if (claim === undefined) continue;
    let last = 1;
    return {
      node,
      next() {
        last = last === lastOctet ? 2 : last + 1;
        return `10.244.${subnet}.${last}`;
      },
      [Symbol.dispose]: () => claim.stop(true),
    };
  }
  throw new Error(`every subnet of ${podRange} is taken`);
}

function tryListen(hostname: string) {
  try {
    return Bun.listen({ hostname, port: 10_248, socket: { data() {} } });
  } catch {
    return undefined;
  }
}
