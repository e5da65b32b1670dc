import { createServer } from "node:net";

/**
 * A TCP port on 127.0.0.1 that nobody listens on and that is not in `taken`; it is added there, so that two replicas that
 * start at the same time do not get the same one. Another program may still win the race for it: the replica then fails to
 * listen, ends, and is started again on another port.
 */
export async function freePort(taken: Set<number>): Promise<number> {
  for (;;) {
    const port = await portOfTheSystemsChoice();
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}

function portOfTheSystemsChoice(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
