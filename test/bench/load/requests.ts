import { histogram } from "../histogram.ts";
import { cpuUs } from "../proc.ts";
import { bodyBytes, callBody, type Shape } from "../wire.ts";
import type { RequestFigures, RequestOrder } from "./orders.ts";
import { openSession, type Session } from "./session.ts";

/** Calls a tool on every connection, again as soon as the answer is there, and measures after the warm-up. */
export async function driveRequests(order: RequestOrder): Promise<RequestFigures> {
  const tally = { counting: false, requests: 0, failed: 0, latency: histogram() };
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

  await Bun.sleep(order.warmupMs);
  const begin = { at: performance.now(), cpuUs: cpuUs(order.proxyPids) };
  tally.counting = true;
  await Bun.sleep(order.measureMs);
  tally.counting = false;
  const end = { at: performance.now(), cpuUs: cpuUs(order.proxyPids) };
  for (const session of sessions) session.close();

  return {
    requests: tally.requests,
    seconds: (end.at - begin.at) / 1000,
    proxyCpuUs: end.cpuUs - begin.cpuUs,
    p50Us: tally.latency.quantileUs(0.5),
    p99Us: tally.latency.quantileUs(0.99),
    failed: tally.failed,
  };
}

type Tally = { counting: boolean; requests: number; failed: number; latency: ReturnType<typeof histogram> };

// Five digits for every connection, so that all requests have the same size.
const firstId = 10_000;

function callForever(session: Session, id: number, shape: Shape, tally: Tally) {
  const body = callBody(id, shape);
  const request = Buffer.from(session.head("POST", body.length) + body);
  /** The same request gets the same bytes from the same replica each time: the first answer is the pattern for the rest. */
  let pattern: Buffer | undefined;
  let got: Buffer = nothing;
  let ok = false;
  let sentAt = 0;

  function call() {
    sentAt = performance.now();
    session.send(request);
  }
  session.receive({
    head: (text) => {
      ok = text.startsWith("HTTP/1.1 200 ");
      got = nothing;
    },
    piece: (bytes) => {
      got = got.length === 0 ? bytes : Buffer.concat([got, bytes]);
    },
    end: () => {
      const ms = performance.now() - sentAt;
      if (pattern === undefined && ok && isAnswer(got, id, shape)) pattern = Buffer.from(got);
      if (!ok || pattern === undefined || !got.equals(pattern)) tally.failed++;
      else if (tally.counting) {
        tally.requests++;
        tally.latency.add(ms * 1000);
      }
      call();
    },
  });
  call();
}

const isAnswer = (body: Buffer, id: number, shape: Shape) =>
  body.length === bodyBytes[shape] && body.includes(`"id":${id},`);

const nothing = Buffer.alloc(0);
