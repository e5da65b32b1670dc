import type { Options } from "../options.ts";
import { aborters } from "./aborters.ts";
import { callers } from "./callers.ts";
import type { Crew } from "./crew.ts";
import { modernCallers, routerCallers } from "./free-callers.ts";
import { largeReaders } from "./large-readers.ts";
import { streamResumers } from "./resumed-streams.ts";
import { streamHolders } from "./streams.ts";
import { visitors } from "./visitors.ts";

/** Who does what part of it. */
export function crewsFor({ rate, sessions, streams }: Pick<Options, "rate" | "sessions" | "streams">): Crew[] {
  const some = Math.max(2, Math.round(sessions / 15));
  const part = (size: number, ofRate: number) => ({
    size: Math.max(2, Math.round(size)),
    callsPerSecond: rate * ofRate,
  });
  const resumed = Math.round(streams / 3);
  return [
    callers("stateful", part(sessions * 0.4, 0.3)),
    callers("policed", part(sessions * 0.3, 0.2)),
    callers("plain", part(sessions * 0.3, 0.2)),
    modernCallers(part(some, 0.12)),
    routerCallers(part(some, 0.06)),
    visitors(part(some, 0.06)),
    aborters("plain", part(some, 0.03)),
    aborters("stateful", part(some / 2, 0.015)),
    largeReaders(part(some, 0.015)),
    streamHolders(streams - resumed),
    streamResumers(resumed),
  ];
}
