import { type Connection, connection } from "./connection.ts";
import { eventStreams } from "./event-streams.ts";
import { heldRequests } from "./held-requests.ts";

/** An upstream that listens; 0: any free port. */
export function listen(at: { hostname: string; port: number }): Disposable & { port: number } {
  const streams = eventStreams();
  const held = heldRequests();
  let accepted = 0;
  const figures = {
    read: () => ({ accepted, openStreams: streams.open(), left: held.left() }),
    discount() {
      accepted--;
    },
  };
  const listener = Bun.listen<Connection>({
    ...at,
    socket: {
      open(socket) {
        accepted++;
        socket.data = connection(socket, { streams, held, figures });
      },
      data: (socket, bytes) => socket.data.feed(bytes),
      drain: (socket) => socket.data.drain(),
      close: (socket) => socket.data.leave(),
      error: (socket) => socket.data.leave(),
    },
  });
  return {
    port: listener.port,
    [Symbol.dispose]() {
      listener.stop(true);
      streams[Symbol.dispose]();
    },
  };
}
