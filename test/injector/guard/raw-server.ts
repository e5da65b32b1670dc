import { until } from "../../support/until.ts";

/** What a server knows of one connection. */
export type Peer = { readonly socket: Bun.Socket<Peer>; received: string; bytes: number; isOpen: boolean };

export type RawServer = Disposable & {
  readonly url: string;
  /** The connections that came, in order. */
  readonly peers: readonly Peer[];
};

/** A server that answers by hand: `on` is called with whatever has come. Only the first 256 KiB of it are kept as text. */
export function rawServer(on: (peer: Peer) => void, port = 0): RawServer {
  const peers: Peer[] = [];
  const listener = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        socket.data = { socket, received: "", bytes: 0, isOpen: true };
        peers.push(socket.data);
      },
      data({ data: peer }, bytes) {
        peer.bytes += bytes.length;
        if (peer.received.length < 256 * 1024) peer.received += bytes.toString("latin1");
        on(peer);
      },
      close({ data }) {
        data.isOpen = false;
      },
      error() {},
    },
  });
  return {
    url: `http://127.0.0.1:${listener.port}`,
    peers,
    [Symbol.dispose]: () => listener.stop(true),
  };
}

// Each request on a connection of its own, so that a test knows which one is its.
export const eventStream =
  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
export const hello =
  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

export function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** Reads a stream until this is in it, and goes on from there the next time. */
export function reader(body: ReadableStream<Uint8Array> | null) {
  const pieces = body?.getReader();
  const decoder = new TextDecoder();
  let seen = "";
  return async (text: string): Promise<string> => {
    while (!seen.includes(text)) {
      const read = await pieces?.read();
      if (!read || read.done) throw new Error(`the stream ended before ${text}: ${seen}`);
      seen += decoder.decode(read.value, { stream: true });
    }
    const end = seen.indexOf(text) + text.length;
    const before = seen.slice(0, end);
    seen = seen.slice(end);
    return before;
  };
}

export async function closed(peer: Peer): Promise<void> {
  await until("the server sees the connection's end", () => !peer.isOpen);
}
