import { connect } from "node:net";

/** One connection of a client that knows nothing but bytes. */
export type RawClient = Disposable & {
  /** Of the answer to its last request. */
  heard(): string;
  isOpen(): boolean;
};

/** Sends requests one after the other, each when the answer to the one before is whole. The last may be half a one, or nothing. */
export function rawClient(url: string, ...requests: string[]): RawClient {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let heard = "";
  let isOpen = true;
  socket.on("data", (bytes) => {
    heard += bytes.toString("latin1");
    if (requests.length > 0 && isWhole(heard)) next();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isOpen = false;
  });
  next();
  return { heard: () => heard, isOpen: () => isOpen, [Symbol.dispose]: () => void socket.destroy() };

  function next(): void {
    heard = "";
    socket.write(requests.shift() ?? "");
  }
}

function isWhole(answer: string): boolean {
  const head = answer.indexOf("\r\n\r\n") + "\r\n\r\n".length;
  const length = /content-length: (\d+)/i.exec(answer.slice(0, head))?.[1];
  return length === undefined ? answer.endsWith("0\r\n\r\n") : answer.length === head + Number(length);
}
