/** Whether somebody accepts connections there, within `limitMs`. Nothing is sent. */
export async function acceptsConnections(url: string, limitMs: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), limitMs);
  const connecting = Bun.connect({
    // An IPv6 address has brackets in a URL only.
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 80),
    socket: { open: () => resolve(true), data() {}, connectError: () => resolve(false) },
  });
  connecting.then(
    (socket) => promise.then(() => socket.terminate()),
    () => resolve(false),
  );
  const isOpen = await promise;
  clearTimeout(timer);
  return isOpen;
}
