/** One connection, as a server sees it that knows nothing but bytes. */
export type Peer = {
  readonly socket: Bun.Socket<Peer>;
  /** What has come of a request that is not whole yet. */
  received: string;
  /** Of all that was given to `send`, what the network has taken. */
  sentBytes: number;
  unsent: Buffer | undefined;
  /** What it is sent again and again, until so many bytes have gone out. */
  endless: { readonly piece: Buffer; readonly maxBytes: number } | undefined;
  /** The connection ends when all of that has gone out. */
  isLast: boolean;
};

export type RawServer = Disposable & {
  readonly origin: string;
  /** Those that are open. */
  readonly peers: ReadonlySet<Peer>;
  /** How many connections there have been. */
  readonly accepted: number;
  /** When the last of them was seen to end, by `performance.now()`. */
  readonly lastEndMs: number;
};

/** A server without manners: `open` when somebody connects, `data` when anything comes, `request` when there is all of one. */
export function rawServer(on: {
  open?: (peer: Peer) => void;
  request?: (peer: Peer) => void;
  data?: (peer: Peer) => void;
}): RawServer {
  const peers = new Set<Peer>();
  let accepted = 0;
  let lastEndMs = 0;
  const ended = (peer: Peer) => {
    if (peers.delete(peer)) lastEndMs = performance.now();
  };
  const listener = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const peer: Peer = { socket, received: "", sentBytes: 0, unsent: undefined, endless: undefined, isLast: false };
        socket.data = peer;
        peers.add(peer);
        accepted++;
        on.open?.(peer);
      },
      data({ data: peer }, bytes) {
        peer.received += bytes.toString("latin1");
        on.data?.(peer);
        for (let end = requestEnd(peer.received); end > 0; end = requestEnd(peer.received)) {
          peer.received = peer.received.slice(end);
          on.request?.(peer);
        }
      },
      drain({ data: peer }) {
        const { unsent } = peer;
        peer.unsent = undefined;
        if (!unsent || send(peer, unsent)) goOn(peer);
      },
      end: (socket) => void socket.end(),
      close: ({ data }) => ended(data),
      error: ({ data }) => ended(data),
    },
  });
  return {
    origin: `http://127.0.0.1:${listener.port}`,
    peers,
    get accepted() {
      return accepted;
    },
    get lastEndMs() {
      return lastEndMs;
    },
    [Symbol.dispose]: () => listener.stop(true),
  };
}

/** Now, or as the network takes it. False: it has to wait. */
export function send(peer: Peer, what: string | Buffer): boolean {
  const bytes = typeof what === "string" ? Buffer.from(what, "latin1") : what;
  const sent = Math.max(0, peer.socket.write(bytes));
  peer.sentBytes += sent;
  if (sent < bytes.length) peer.unsent = bytes.subarray(sent);
  return sent === bytes.length;
}

/** The connection ends in good order behind these bytes. */
export function sendLast(peer: Peer, what: string | Buffer): void {
  peer.isLast = true;
  if (send(peer, what)) peer.socket.end();
}

/** The same again and again, as long as anybody takes it. */
export function sendEndlessly(peer: Peer, piece: string | Buffer, maxBytes = Number.POSITIVE_INFINITY): void {
  peer.endless = { piece: typeof piece === "string" ? Buffer.from(piece, "latin1") : piece, maxBytes };
  if (!peer.unsent) goOn(peer);
}

/** One piece at a time, so that others who live in this process get to read between. */
function goOn(peer: Peer): void {
  const { endless, isLast, socket } = peer;
  if (isLast) socket.end();
  if (!endless || peer.unsent || peer.sentBytes >= endless.maxBytes || socket.readyState <= 0) return;
  if (send(peer, endless.piece)) setImmediate(goOn, peer);
}

/** Where the first request is over; 0 while it is not whole. */
function requestEnd(received: string): number {
  const head = received.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  const length = Number(/content-length: (\d+)/i.exec(received.slice(0, head))?.[1] ?? 0);
  const end = head + 4 + length;
  return received.length >= end ? end : 0;
}
