import { openConnection } from "../bench/load/session.ts";

/** What came back to one request. */
export type Answer =
  | { state: "whole"; status: number; head: string; body: string }
  /** The connection ended before the answer did. */
  | { state: "cut" }
  /** Not within the limit; the connection is closed. */
  | { state: "silent" }
  /** We have gone. */
  | { state: "left" };

/** Who wants an answer while it comes. With `piece` its body is not kept. */
export type Reader = { head?: (status: number) => void; piece?: (bytes: Buffer) => void };

/** One client connection, on which one request at a time is asked. */
export type Line = {
  isOpen(): boolean;
  ask(request: string, reader?: Reader, limitMs?: number): Promise<Answer>;
  /** As a client goes that ends, or, with a reset, as one that breaks off. */
  leave(how?: "end" | "reset"): void;
  /** Reads nothing until `resume`. */
  pause(): void;
  resume(): void;
};

export const answerLimitMs = 20_000;
/** For streams, which may be silent for as long as they like. */
export const noLimit = Number.POSITIVE_INFINITY;

export async function openLine(origin: string): Promise<Line> {
  let isOpen = true;
  let settle = (_: Answer) => {};
  const connection = await openConnection(origin, () => {
    isOpen = false;
    settle({ state: "cut" });
  });

  function leave(how: "end" | "reset" = "end"): void {
    if (!isOpen) return;
    isOpen = false;
    if (how === "end") connection.leave();
    else connection.close();
    settle({ state: "left" });
  }

  return {
    isOpen: () => isOpen,
    ask(request, reader = {}, limitMs = answerLimitMs) {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      if (!isOpen) return Promise.resolve({ state: "cut" });
      settle = resolve;
      let head = "";
      const pieces: Buffer[] = [];
      connection.receive({
        head(text) {
          head = text;
          reader.head?.(statusOf(text));
        },
        piece: reader.piece ?? ((bytes) => void pieces.push(Buffer.from(bytes))),
        end: () => resolve({ state: "whole", status: statusOf(head), head, body: Buffer.concat(pieces).toString() }),
      });
      connection.send(request);
      if (limitMs === noLimit) return promise;
      const timer = setTimeout(() => {
        resolve({ state: "silent" });
        leave("reset");
      }, limitMs);
      return promise.finally(() => clearTimeout(timer));
    },
    leave,
    pause: connection.pause,
    resume: connection.resume,
  };
}

const statusOf = (head: string): number => Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 ".length + 3));
