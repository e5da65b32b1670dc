import type { IncomingMessage } from "node:http";
import type { WebhookLimits } from "./limits.ts";

/** `gone`: whoever sent it does not wait for an answer any more. */
export type Body =
  | { readonly state: "read"; readonly text: string }
  | { readonly state: "too-large" | "too-slow" | "too-many" | "not-utf-8" | "gone" };

type BodyLimits = Pick<WebhookLimits, "maxBodyBytes" | "maxHeldBytes" | "bodyMs" | "collectEveryBytes">;

/** Reads bodies into memory, each up to a limit, and all that are being read up to another one. Does not reject. */
export function bodyReader(limits: BodyLimits): (request: IncomingMessage) => Promise<Body> {
  const { maxBodyBytes, maxHeldBytes, bodyMs, collectEveryBytes } = limits;
  let allHeldBytes = 0;
  let uncollectedBytes = 0;
  return (request) =>
    new Promise((resolve) => {
      let chunks: Buffer[] = [];
      let heldBytes = 0;
      const timer = setTimeout(() => done({ state: "too-slow" }), bodyMs);
      if (Number(request.headers["content-length"]) > maxBodyBytes) done({ state: "too-large" });
      else {
        request
          .on("data", take)
          .on("end", () => done(textOf(chunks)))
          .on("error", () => done({ state: "gone" }))
          .on("close", () => done({ state: "gone" }));
      }

      function take(chunk: Buffer): void {
        heldBytes += chunk.byteLength;
        allHeldBytes += chunk.byteLength;
        chunks.push(chunk);
        if (heldBytes > maxBodyBytes) done({ state: "too-large" });
        else if (allHeldBytes > maxHeldBytes) done({ state: "too-many" });
      }

      /** The first time counts. */
      function done(body: Body): void {
        clearTimeout(timer);
        request.off("data", take);
        allHeldBytes -= heldBytes;
        collectGarbageBefore(heldBytes);
        heldBytes = 0;
        chunks = [];
        resolve(body);
      }
    });

  /** Left to itself, the garbage of large bodies grows beyond what a pod may have. */
  function collectGarbageBefore(bytes: number): void {
    if (uncollectedBytes + bytes >= collectEveryBytes) {
      Bun.gc(true);
      uncollectedBytes = 0;
    }
    uncollectedBytes += bytes;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function textOf(chunks: readonly Buffer[]): Body {
  try {
    return { state: "read", text: utf8.decode(Buffer.concat(chunks)) };
  } catch {
    return { state: "not-utf-8" };
  }
}
