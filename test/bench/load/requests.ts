import { bodyBytes, callBody, type Shape } from "../wire.ts";
import type { RequestFigures, RequestOrder } from "./orders.ts";
import { openSession, type Session } from "./session.ts";
import { measured, newTally, type Tally } from "./tally.ts";

/** Calls a tool on every connection, again as soon as the answer is there, and measures after the warm-up. */
export async function driveRequests(order: RequestOrder): Promise<RequestFigures> {
  const tally = newTally();
  const lost = () => {
    tally.failed++;
  };
  const { origins, path } = order.door;
  const sessions = await Promise.all(
    Array.from({ length: order.connections }, (_, i) => openSession(origins[i % origins.length] ?? "", path, lost)),
  );
  sessions.forEach((session, i) => {
    callForever(session, firstId + i, order.shape, tally);
  });
  const figures = await measured(order, tally);
  for (const session of sessions) session.close();
  return figures;
}

// Five digits for every connection, so that all requests have the same size.
const firstId = 10_000;

function callForever(session: Session, id: number, shape: Shape, tally: Tally) {
  const body = callBody(id, shape);
  const request = Buffer.from(session.head("POST", body.length) + body);
  /** The same request gets the same bytes from the same replica each time: the first answer is the pattern for the rest. */
  let pattern: Buffer | undefined;
  let first: Buffer[] = [];
  let gotBytes = 0;
  let ok = false;
  let sentAt = 0;

  function call() {
    sentAt = performance.now();
    session.send(request);
  }
  session.receive({
    head: (text) => {
      ok = text.startsWith("HTTP/1.1 200 ");
      first = [];
      gotBytes = 0;
    },
    piece: (bytes) => {
      const at = gotBytes;
      gotBytes += bytes.length;
      if (pattern === undefined) first.push(Buffer.from(bytes));
      else ok &&= gotBytes <= pattern.length && pattern.compare(bytes, 0, bytes.length, at, gotBytes) === 0;
    },
    end: () => {
      const ms = performance.now() - sentAt;
      if (pattern === undefined && ok) pattern = answerTo(Buffer.concat(first), id, shape);
      if (!ok || pattern === undefined || gotBytes !== pattern.length) tally.failed++;
      else if (tally.counting) {
        tally.requests++;
        tally.latency.add(ms * 1000);
      }
      call();
    },
  });
  call();
}

/** The body, if it answers that request in full. */
export const answerTo = (body: Buffer, id: number, shape: Shape): Buffer | undefined =>
  body.length === bodyBytes[shape] && body.includes(`"id":${id},`) ? body : undefined;
