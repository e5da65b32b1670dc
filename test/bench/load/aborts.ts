import { sharedClockUs } from "../clock.ts";
import { upstreamFigures } from "../upstream/figures.ts";
import { until } from "../until.ts";
import { callBody, silentStream } from "../wire.ts";
import type { AbortFigures, AbortOrder, AbortPhase } from "./orders.ts";
import { openSession, type Session } from "./session.ts";

/** Clients that leave in the middle, one after the other, and when the upstream saw each of them go. */
export async function driveAborts(order: AbortOrder): Promise<AbortFigures> {
  const seenAfterUs: number[] = [];
  for (let i = 0; i < order.times; i++) {
    const afterUs = await abortOnce(order, i);
    if (afterUs !== undefined) seenAfterUs.push(afterUs);
  }
  return { seenAfterUs, unseen: order.times - seenAfterUs.length };
}

/** In microseconds; undefined: it was not seen in time. */
async function abortOnce(order: AbortOrder, i: number): Promise<number | undefined> {
  const { door, phase, timeoutMs, upstreamPorts } = order;
  const id = order.firstId + i;
  let state: "asking" | "answered in part" | "over" = "asking";
  const session = await openSession(door.origins[i % door.origins.length] ?? "", door.path, () => {
    state = "over";
  });
  session.receive({
    head() {},
    piece() {
      state = "answered in part";
    },
    end() {
      state = "over";
    },
  });
  session.send(requestIn(phase, session, id));
  const wanted = phase === "before the head" ? "asking" : "answered in part";
  await until(`a request held ${phase}`, async () => (state === wanted && (await leftAt(id)) === null) || undefined, {
    timeoutMs,
  });

  const leftUs = sharedClockUs();
  session.leave();
  const seen = until("its client's leaving is seen", async () => (await leftAt(id)) ?? undefined, { timeoutMs });
  return seen.then(
    (seenUs) => Math.max(0, seenUs - leftUs),
    () => undefined,
  );

  /** Undefined: no upstream has the request; null: its client is still there. */
  async function leftAt(requestId: number): Promise<number | null | undefined> {
    const figures = await upstreamFigures(upstreamPorts);
    return figures.map(({ left }) => left[requestId]).find((at) => at !== undefined);
  }
}

function requestIn(phase: AbortPhase, session: Session, id: number): string {
  if (phase === "silent stream") return session.head("GET", 0, silentStream(id));
  const body = callBody(id, phase === "before the head" ? "hold" : "half");
  return session.head("POST", body.length) + body;
}
