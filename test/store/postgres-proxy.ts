import { connect, createServer, type Socket } from "node:net";

/** A network of the test's own between a store and its server. */
export type CuttableNetwork = AsyncDisposable & {
  readonly port: number;
  /** From now on nothing passes, and nobody hears of it: neither of connections that are there nor of new ones. */
  freeze(): void;
  /** Closes all connections at both ends; new ones pass. */
  reset(): void;
  /** New connections pass again; those that were frozen lead nowhere for ever. */
  thaw(): void;
};

export async function cuttableNetwork(to: number): Promise<CuttableNetwork> {
  const sockets = new Set<Socket>();
  const pairs = new Set<{ frozen: boolean }>();
  let frozen = false;
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    const pair = { frozen };
    pairs.add(pair);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes) => pair.frozen || into.write(bytes));
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        if (!pair.frozen) into.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    port: (server.address() as { port: number }).port,
    freeze() {
      frozen = true;
      for (const pair of pairs) pair.frozen = true;
    },
    reset() {
      for (const socket of sockets) socket.destroy();
    },
    thaw() {
      frozen = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
