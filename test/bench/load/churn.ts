import { messageReader } from "../http-messages.ts";
import { callBody } from "../wire.ts";
import type { Door, RequestFigures, RequestOrder } from "./orders.ts";
import { answerTo } from "./requests.ts";
import { openSession } from "./session.ts";
import { measured, newTally, type Tally } from "./tally.ts";

/** As many clients as connections were ordered, each with one session, and with a new connection for every call. */
export async function driveChurn(order: RequestOrder): Promise<RequestFigures> {
  const tally = newTally();
  const over = new AbortController();
  const clients = await Promise.all(Array.from({ length: order.connections }, (_, i) => client(order, i)));
  const loops = clients.map((call) => callUntil(over.signal, call, tally));
  const figures = await measured(order, tally);
  over.abort();
  await Promise.all(loops);
  return figures;
}

/** Resolves with whether the answer was the right one. */
type Call = () => Promise<boolean>;

async function client({ door, shape }: { door: Door; shape: RequestOrder["shape"] }, i: number): Promise<Call> {
  const origin = door.origins[i % door.origins.length] ?? "";
  const { hostname, port } = new URL(origin);
  const session = await openSession(origin, door.path, () => {});
  session.close();
  const id = firstId + i;
  const body = callBody(id, shape);
  const request = session.head("POST", body.length) + body;
  return async () => {
    const answer = await exchange(hostname, Number(port), request);
    return answer !== undefined && answerTo(answer, id, shape) !== undefined;
  };
}

const firstId = 10_000;

async function callUntil(over: AbortSignal, call: Call, tally: Tally): Promise<void> {
  while (!over.aborted) {
    const begin = performance.now();
    const ok = await call();
    if (!ok) tally.failed++;
    else if (tally.counting) {
      tally.requests++;
      tally.latency.add((performance.now() - begin) * 1000);
    }
  }
}

/** The body of a 200 on a connection of its own, which is reset afterwards so that no port is kept. Undefined: no such answer. */
async function exchange(hostname: string, port: number, request: string): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const pieces: Buffer[] = [];
  let isOk = false;
  const feed = messageReader({
    head: (text) => {
      isOk = text.startsWith("HTTP/1.1 200 ");
    },
    piece: (bytes) => {
      pieces.push(Buffer.from(bytes));
    },
    end: () => resolve(isOk ? Buffer.concat(pieces) : undefined),
  });
  const lost = () => resolve(undefined);
  const socket = await Bun.connect({
    hostname,
    port,
    socket: { data: (_, bytes) => feed(bytes), close: lost, error: lost },
  }).catch(lost);
  if (!socket) return undefined;
  socket.write(request);
  const timeout = setTimeout(lost, answerTimeoutMs);
  const answer = await promise;
  clearTimeout(timeout);
  socket.terminate();
  return answer;
}

const answerTimeoutMs = 10_000;
