import { sharedClockUs } from "../clock.ts";
import { type Histogram, histogram } from "../histogram.ts";
import { cpuUs, residentBytes } from "../proc.ts";
import { readStreamEvent } from "../wire.ts";
import type { StreamFigures, StreamOrder } from "./orders.ts";
import { openSession, type Session } from "./session.ts";

/** Opens that many GET streams, each in a session of its own, and measures once all are open. */
export async function driveStreams(order: StreamOrder): Promise<StreamFigures> {
  const tally: Tally = { counting: false, events: 0, lost: 0, cut: 0, delay: histogram() };
  const cut = () => {
    tally.cut++;
  };
  const { origins, path } = order.door;
  const residentBefore = await settledMemory(order.proxyPids);
  const sessions = await openMany(order.streams, async (i) => {
    const session = await openSession(origins[i % origins.length] ?? "", path, cut);
    await listen(session, tally);
    return session;
  });

  await Bun.sleep(order.warmupMs);
  const begin = { at: performance.now(), cpuUs: cpuUs(order.proxyPids) };
  tally.counting = true;
  await Bun.sleep(order.measureMs);
  tally.counting = false;
  const end = { at: performance.now(), cpuUs: cpuUs(order.proxyPids) };
  const proxyResidentBytes = residentBytes(order.proxyPids);
  for (const session of sessions) session.close();

  return {
    streams: sessions.length,
    events: tally.events,
    seconds: (end.at - begin.at) / 1000,
    proxyCpuUs: end.cpuUs - begin.cpuUs,
    proxyGrowthBytes: proxyResidentBytes - residentBefore,
    proxyResidentBytes,
    delayP50Us: tally.delay.quantileUs(0.5),
    delayP99Us: tally.delay.quantileUs(0.99),
    cut: tally.cut,
    lost: tally.lost,
  };
}

/** Runtimes give memory back only some time after their start: waits until it no longer falls, for a few seconds at most. */
async function settledMemory(pids: readonly number[]): Promise<number> {
  let last = residentBytes(pids);
  for (let looks = 0, steady = 0; pids.length > 0 && looks < memoryLooks && steady < 2; looks++) {
    await Bun.sleep(memoryPauseMs);
    const now = residentBytes(pids);
    steady = last - now < memoryStepBytes ? steady + 1 : 0;
    last = now;
  }
  return last;
}

const memoryLooks = 12;
const memoryPauseMs = 500;
const memoryStepBytes = 512 * 1024;

type Tally = { counting: boolean; events: number; lost: number; cut: number; delay: Histogram };

const openedAtOnce = 64;

async function openMany(count: number, open: (i: number) => Promise<Session>): Promise<Session[]> {
  const sessions: Session[] = [];
  let next = 0;
  async function openNext() {
    while (next < count) sessions.push(await open(next++));
  }
  await Promise.all(Array.from({ length: openedAtOnce }, openNext));
  return sessions;
}

/** Resolves when the stream's head has arrived. */
function listen(session: Session, tally: Tally): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let text = "";
  let last = 0;
  session.receive({
    head: (head) => {
      if (/^HTTP\/1\.1 200 /.test(head)) resolve();
      else reject(new Error(`a GET for a stream was answered with:\n${head}`));
    },
    piece: (bytes) => {
      const arrivedUs = sharedClockUs();
      const events = (text + bytes.toString("latin1")).split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const read = readStreamEvent(event);
        if (read === undefined) continue;
        if (read.n !== last + 1) tally.lost++;
        last = read.n;
        if (!tally.counting) continue;
        tally.events++;
        tally.delay.add(arrivedUs - read.sentUs);
      }
    },
    // An end with the connection kept open is a cut as well.
    end: () => {
      tally.cut++;
    },
  });
  session.send(session.head("GET", 0));
  return promise;
}
