import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Origin } from "./origin.ts";

/** Whoever uses a connection: told what happens on it. */
export type User = {
  /** Connected: requests may be sent. */
  opened(): void;
  /** Never connected, so nothing was sent. */
  refused(): void;
  received(bytes: Buffer): void;
  /** It has been in use for a while, perhaps for a moment only. Told again and again. */
  lasts(): void;
  /** All that was to be sent has gone out, after it had to wait. */
  drained(): void;
  /** Not by us. Without a reason the server has sent all that it wanted to. */
  closed(reason: string | undefined): void;
};

/** Whoever keeps count of connections. */
export type Owner = {
  opened(connection: Connection): void;
  /** Called once, when it is of no more use. `isDialling`: the kernel tries on, since Bun has no way to stop it. */
  gone(connection: Connection, isDialling: boolean): void;
  /** The kernel is through with what it tried for a connection that was gone. */
  stoppedDialling(connection: Connection): void;
};

/** A silent peer is asked for signs of life after this, so that a dead machine does not keep its streams open for ever. */
const keepAliveMs = 60_000;

/**
 * Of a server that sends as fast as it can, Bun reads so much at once, 512 KiB, and again and again within one turn of the event
 * loop. Whoever has sent so much waits until all others have had theirs.
 */
const restBytes = 256 * 1024;

/** One socket to a server. A class, since one lives for each open stream. */
export class Connection {
  readonly origin: Origin;
  user: User | undefined;
  /** It has carried an answer before. */
  isReused = false;
  idleUntilMs = 0;
  readonly #owner: Owner;
  #socket: Bun.Socket<Connection> | undefined;
  #unsent: Uint8Array | undefined;
  #isPaused = false;
  #isResting = false;
  #state: "connecting" | "open" | "gone" = "connecting";
  #timer: Timer | undefined;
  /** Nothing has come of `Bun.connect` yet. */
  #isDialling = true;

  constructor(origin: Origin, user: User, connectMs: number, owner: Owner) {
    this.origin = origin;
    this.user = user;
    this.#owner = owner;
    const { hostname, port } = origin;
    const options = { hostname, port, data: this };
    const connecting = origin.isTls
      ? Bun.connect({ ...options, tls: { serverName: hostname, rejectUnauthorized: true }, socket: secureHandlers })
      : Bun.connect({ ...options, socket: handlers });
    connecting.then(
      () => this.#dialled(),
      () => {
        this.#dialled();
        this.#refuse();
      },
    );
    this.#timer = setTimeout(() => this.#refuse(), connectMs);
  }

  /** Sends all of it, now or as the server takes it. False when the connection is closed and nothing was sent. */
  send(request: string | Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket || this.#state !== "open") return false;
    const sent = socket.write(request);
    if (sent < 0) return false;
    const length = typeof request === "string" ? Buffer.byteLength(request) : request.length;
    if (sent < length) this.#unsent = (typeof request === "string" ? Buffer.from(request) : request).subarray(sent);
    return true;
  }

  /** What was sent went out whole, so that more may follow. */
  get isDrained(): boolean {
    return this.#state === "open" && this.#unsent === undefined;
  }

  pause(): void {
    if (this.#state !== "open" || this.#isPaused) return;
    this.#isPaused = true;
    if (!this.#isResting) this.#socket?.pause();
  }

  resume(): void {
    if (this.#state !== "open" || !this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isResting) this.#socket?.resume();
  }

  /** Closes at once, in whatever state, and tells its user nothing. */
  destroy(): void {
    this.user = undefined;
    this.#leave();
    this.#socket?.terminate();
  }

  /** There is a socket. Too late when nobody waits for it any more. */
  attached(socket: Bun.Socket<Connection>): void {
    this.#socket = socket;
    this.#isDialling = false;
    if (this.#state !== "connecting") socket.terminate();
  }

  opened(socket: Bun.Socket<Connection>): void {
    if (this.#state !== "connecting") return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#state = "open";
    socket.setKeepAlive(true, keepAliveMs);
    this.#owner.opened(this);
    this.user?.opened();
  }

  received(bytes: Buffer): void {
    // Bytes that nobody asked for would be taken for the next answer.
    if (this.user) this.user.received(bytes);
    else this.destroy();
    if (bytes.length >= restBytes) this.#rest();
  }

  drained(): void {
    if (!this.#unsent || !this.#socket) return;
    const sent = this.#socket.write(this.#unsent);
    if (sent < this.#unsent.length) {
      if (sent > 0) this.#unsent = this.#unsent.subarray(sent);
      return;
    }
    this.#unsent = undefined;
    this.user?.drained();
  }

  closed(reason: string | undefined): void {
    if (this.#state === "connecting") {
      this.#refuse();
      return;
    }
    const { user } = this;
    this.destroy();
    user?.closed(reason);
  }

  #rest(): void {
    if (this.#state !== "open" || this.#isResting) return;
    this.#isResting = true;
    if (!this.#isPaused) this.#socket?.pause();
    setImmediate(() => {
      this.#isResting = false;
      if (this.#state === "open" && !this.#isPaused) this.#socket?.resume();
    });
  }

  #dialled(): void {
    this.#isDialling = false;
    if (this.#state === "gone") this.#owner.stoppedDialling(this);
  }

  #refuse(): void {
    if (this.#state !== "connecting") return;
    const { user } = this;
    this.destroy();
    user?.refused();
  }

  #leave(): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unsent = undefined;
    this.#owner.gone(this, this.#isDialling);
  }
}

const handlers: Bun.SocketHandler<Connection> = {
  open(socket) {
    socket.data.attached(socket);
    socket.data.opened(socket);
  },
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.drained(),
  end: (socket) => socket.data.closed(undefined),
  close: (socket, error) => socket.data.closed(error?.message ?? "closed"),
  error: (socket, error) => socket.data.closed(error.message),
  connectError: (socket, error) => socket.data.closed(error.message),
};

const secureHandlers: Bun.SocketHandler<Connection> = {
  ...handlers,
  open: (socket) => socket.data.attached(socket),
  handshake(socket, isTrusted, error) {
    // Bun checks who signed the certificate, not whom it names.
    const isTrustedSigner = isTrusted && !error;
    const certificate = socket.getPeerCertificate() as PeerCertificate;
    if (isTrustedSigner && !checkServerIdentity(socket.data.origin.hostname, certificate)) socket.data.opened(socket);
    else socket.data.closed("its certificate is not valid");
  },
};
