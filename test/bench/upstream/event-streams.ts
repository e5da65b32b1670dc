import { sharedClockUs } from "../clock.ts";
import { eventsPerSecond, streamEvent } from "../wire.ts";

export type EventStreams = Disposable & {
  /** Sends it events from now on, until the function it returns is called. */
  join(write: (event: string) => void): () => void;
  open(): number;
};

/** Streams that get an event each, `eventsPerSecond` times a second, spread over it so that they do not come in one burst. */
export function eventStreams(): EventStreams {
  const slots = Array.from({ length: slotCount }, () => new Set<Stream>());
  let opened = 0;
  let open = 0;

  // Turns that were missed while the process was busy are made up for.
  const begin = performance.now();
  let turn = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - begin) / 1000) * eventsPerSecond * slotCount;
    for (; turn < due; turn++)
      for (const stream of slots[turn % slotCount] ?? []) stream.write(streamEvent(++stream.sent, sharedClockUs()));
  }, turnMs);

  return {
    join(write) {
      const stream = { write, sent: 0 };
      const slot = slots[opened++ % slotCount];
      slot?.add(stream);
      open++;
      return () => {
        if (slot?.delete(stream)) open--;
      };
    },
    open: () => open,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

type Stream = { write: (event: string) => void; sent: number };

const slotCount = 200;
const turnMs = 5;
