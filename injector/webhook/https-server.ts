import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { pause } from "../../gateway/runtime/pause.ts";
import type { Endpoint } from "./endpoint.ts";
import type { WebhookLimits } from "./limits.ts";

export type HttpsServer = {
  readonly port: number;
  /** For connections from now on; those that are open keep theirs. Throws, and changes nothing, when it is no pair. */
  use(pair: { readonly cert: string; readonly key: string }): void;
  /** Answers as before, and lets go of each connection with its next answer, so that its client goes elsewhere. */
  drain(): void;
  /** Takes no more connections, and lets requests end. */
  stop(): Promise<void>;
};

const minVersion = "TLSv1.2";

/**
 * HTTPS whose certificate can be changed while it is used: Node's TLS server can do that, and hands its connections to Node's HTTP
 * server. That one does not listen itself, and so enforces no times of its own. Before there is a certificate, no handshake
 * succeeds.
 */
export async function httpsServer({
  host,
  port,
  answer,
  limits,
}: {
  host: string;
  port: number;
  answer: Endpoint;
  limits: WebhookLimits;
}): Promise<HttpsServer> {
  const open = new Map<Socket, Connection>();
  let draining = false;
  const http = createHttpServer({ keepAliveTimeout: limits.idleMs });
  http.on("request", (request, response) => void serve(request, response));
  // Not HTTP at all.
  http.on("clientError", (_, socket) => socket.destroy());
  const tls = createTlsServer({ minVersion, handshakeTimeout: limits.handshakeMs }, accept);
  tls.on("tlsClientError", (_, socket) => socket.destroy());
  tls.maxConnections = limits.maxConnections;
  await listening();

  return {
    port: (tls.address() as AddressInfo).port,
    use: ({ cert, key }) => tls.setSecureContext({ cert, key, minVersion }),
    drain() {
      draining = true;
    },
    async stop() {
      draining = true;
      const closed = new Promise<void>((resolve) => tls.close(() => resolve()));
      for (const [socket, { answering }] of open) if (!answering) socket.destroy();
      const over = new AbortController();
      await Promise.race([closed, pause(limits.stopMs, over.signal)]);
      over.abort();
      for (const socket of open.keys()) socket.destroy();
    },
  };

  function listening(): Promise<void> {
    return new Promise((resolve, reject) => {
      tls.once("error", reject);
      tls.listen(port, host, () => {
        tls.off("error", reject);
        resolve();
      });
    });
  }

  function accept(socket: TLSSocket): void {
    open.set(socket, { answering: false, timer: timer(socket, limits.idleMs) });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(open.get(socket)?.timer);
      open.delete(socket);
    });
    http.emit("connection", socket);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    become(socket, true);
    if (draining) response.setHeader("connection", "close");
    response.on("close", () => become(socket, false));
    await answer(request, response).catch(() => socket.destroy());
  }

  function become(socket: Socket, answering: boolean): void {
    const connection = open.get(socket);
    if (!connection) return;
    clearTimeout(connection.timer);
    open.set(socket, { answering, timer: timer(socket, answering ? limits.requestMs : limits.idleMs) });
    if (draining && !answering) socket.end();
  }
}

type Connection = { readonly answering: boolean; readonly timer: ReturnType<typeof setTimeout> };

function timer(socket: Socket, ms: number) {
  return setTimeout(() => socket.destroy(), ms).unref();
}
