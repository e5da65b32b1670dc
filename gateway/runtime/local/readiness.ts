import type { LocalLimits } from "./limits.ts";
import { pause } from "../pause.ts";

/** Waits until something answers HTTP on the port, with whatever status; false when `startMs` passed or the signal aborted. */
export async function answers(port: number, limits: LocalLimits, signal: AbortSignal): Promise<boolean> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(limits.startMs)]);
  for (let pauseMs = limits.probeFirstMs; !over.aborted; pauseMs = Math.min(pauseMs * 2, limits.probeCapMs)) {
    if (await answersOnce(port, AbortSignal.any([over, AbortSignal.timeout(limits.probeTimeoutMs)]))) return true;
    await pause(pauseMs, over);
  }
  return false;
}

/** By hand rather than with fetch, which would take a proxy from the environment and reuse connections. */
async function answersOnce(port: number, signal: AbortSignal): Promise<boolean> {
  const answer = Promise.withResolvers<boolean>();
  let received = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\nConnection: close\r\n\r\n`);
      },
      data(_socket, bytes) {
        received += bytes.toString("latin1");
        if (received.length >= 5) answer.resolve(received.startsWith("HTTP/"));
      },
      close: () => answer.resolve(false),
      error: () => answer.resolve(false),
    },
  }).catch(() => undefined);
  if (socket === undefined) return false;

  const giveUp = () => answer.resolve(false);
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    return await answer.promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
    socket.terminate();
  }
}
