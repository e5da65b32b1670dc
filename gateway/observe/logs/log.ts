import pino from "pino";
import pretty from "pino-pretty";
import type { LineWriter } from "./line-writer.ts";

export type Log = pino.Logger;

/** JSON lines, to `lines` or at once to standard output; readable ones on a terminal. */
export function openLog(level: string, terminal: boolean, lines?: Pick<LineWriter, "write">): Log {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (terminal) return pino(base, pretty({ sync: true, ignore: "pid,hostname" }));
  return lines ? pino(base, lines) : pino(base);
}
