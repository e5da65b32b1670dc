import { readFile } from "node:fs/promises";
import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Settings, Tls } from "./settings.ts";

/** The server speaks plain text only, and that is not enough. */
export class NoTls extends Error {
  override readonly name = "NoTls";
}

// PostgreSQL's protocol, 54.2.10: length 8, and the code of SSLRequest. One byte answers it: S or N.
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const yes = "S".charCodeAt(0);

/** A connection to the server, encrypted as the settings ask. Whatever is half made when the signal aborts is closed. */
export async function openSocket({ host, port, tls }: Settings, signal: AbortSignal): Promise<Socket> {
  const socket = await happens(connect({ host, port }), "connect", signal);
  if (tls.mode === "disable") return socket;
  socket.write(sslRequest);
  const [answer] = await firstBytes(socket, signal);
  if (answer !== yes && tls.mode === "prefer") return socket;
  if (answer !== yes) {
    socket.destroy();
    throw new NoTls("The server does not speak TLS.");
  }
  const options = await optionsOf(tls, host).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  return happens(connectTls({ ...options, socket }), "secureConnect", signal);
}

async function optionsOf(tls: Tls, host: string): Promise<ConnectionOptions> {
  const servername = isIP(host) ? undefined : host;
  if (tls.mode !== "verify-ca" && tls.mode !== "verify-full") return { servername, rejectUnauthorized: false };
  const ca = tls.ca === undefined ? undefined : await readFile(tls.ca, "utf8");
  const options = { servername, host, ca, rejectUnauthorized: true };
  return tls.mode === "verify-full" ? options : { ...options, checkServerIdentity: () => undefined };
}

function happens<Made extends Socket>(socket: Made, event: string, signal: AbortSignal): Promise<Made> {
  return settled(socket, signal, (resolve) => socket.once(event, () => resolve(socket)));
}

function firstBytes(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  return settled(socket, signal, (resolve) => socket.once("data", resolve));
}

/** Its listeners are gone when it resolves; the socket is closed when it rejects. */
function settled<Value>(socket: Socket, signal: AbortSignal, listen: (resolve: (value: Value) => void) => void) {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const onClose = () => reject(new Error("The server closed the connection."));
  const onAbort = () => reject(signal.reason);
  socket.once("error", reject).once("close", onClose);
  // An error between two steps must not end the process.
  socket.on("error", () => undefined);
  signal.addEventListener("abort", onAbort);
  listen(resolve);
  if (signal.aborted) onAbort();
  return promise
    .catch((error: unknown) => {
      socket.destroy();
      throw error;
    })
    .finally(() => {
      socket.off("error", reject).off("close", onClose);
      signal.removeEventListener("abort", onAbort);
    });
}
