import pino from "pino";
import type { LineWriter } from "./line-writer.ts";

export type Log = pino.Logger;

/** JSON lines, to `lines` or at once to standard output. */
export function openLog(level: string, lines?: Pick<LineWriter, "write">): Log {
  return lines ? pino(base(level), lines) : pino(base(level));
}

/** Readable lines, for a terminal. What makes them is loaded only for this. */
export async function openReadableLog(level: string): Promise<Log> {
  const { default: pretty } = await import("pino-pretty");
  return pino(base(level), pretty({ sync: true, ignore: "pid,hostname" }));
}

function base(level: string) {
  return { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
}
