import { accessLogLines, accessLogTo } from "./access-log.ts";
import { lineWriter } from "./line-writer.ts";
import { openLog, openReadableLog } from "./log.ts";

const standardOutput = 1;

/** All that a gateway says, on standard output: for people on a terminal, else as JSON lines that nothing waits for. */
export async function openOutput(level: string, isTerminal: boolean, onDropped: () => void) {
  if (isTerminal) {
    const log = await openReadableLog(level);
    return { log, access: accessLogTo(log), [Symbol.asyncDispose]: async () => {} };
  }
  const lines = lineWriter(standardOutput, onDropped);
  const log = openLog(level, lines);
  return {
    log,
    access: accessLogLines(log, lines, Date.now),
    [Symbol.asyncDispose]: () => lines[Symbol.asyncDispose](),
  };
}
