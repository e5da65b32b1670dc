import { readdirSync, readFileSync, statSync } from "node:fs";
import type { Events } from "../events.ts";

/** How often it is seen whether the process is late. */
const tickMs = 100;

/**
 * Shows how the process is: what it holds, and how late it comes to what it has to do. `now`: milliseconds of a clock that never
 * goes back.
 */
export function processFigures(
  events: Pick<Events, "watched" | "timerCame">,
  now: () => number = () => performance.now(),
): Disposable {
  using opening = new DisposableStack();
  let dueMs = now() + tickMs;
  const ticking = setInterval(tick, tickMs);
  ticking.unref();
  opening.defer(() => clearInterval(ticking));
  opening.use(events.watched("heapUsed", () => process.memoryUsage().heapUsed));
  opening.use(events.watched("heapTotal", () => process.memoryUsage().heapTotal));
  opening.use(events.watched("openFds", openFds));
  opening.use(events.watched("maxFds", maxFds));
  opening.use(events.watched("runtimeInfo", () => [["bun", Bun.version, 1]]));
  return opening.move();

  function tick(): void {
    const nowMs = now();
    events.timerCame({ lateSeconds: Math.max(0, nowMs - dueMs) / 1000 });
    dueMs = nowMs + tickMs;
  }
}

/** Linux says how many there are as the size of their folder, from 6.2 on; before, it was 0. */
function openFds(): number | undefined {
  if (process.platform !== "linux") return undefined;
  return statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;
}

function maxFds(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return soft === undefined ? undefined : Number(soft);
}
