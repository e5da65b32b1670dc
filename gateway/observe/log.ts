import pino from "pino";
import pretty from "pino-pretty";

export type Log = pino.Logger;

/** JSON lines on standard output; readable ones on a terminal. */
export function openLog(level: string, terminal: boolean): Log {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return terminal ? pino(base, pretty({ sync: true, ignore: "pid,hostname" })) : pino(base);
}
