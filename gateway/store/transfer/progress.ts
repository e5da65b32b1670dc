import type { Progress } from "./move.ts";

/** Where progress is shown: standard error, or what stands for it in a test. */
export type Screen = { readonly isTTY?: boolean; readonly write: (text: string) => unknown };

const barWidth = 30;
const redrawMs = 50;

/** On a terminal a bar that is drawn over and over, elsewhere one line for each step. `now` in milliseconds. */
export function progressOn(screen: Screen, now: () => number): { progress: Progress; end: () => void } {
  let current = "";
  let drawnMs = Number.NEGATIVE_INFINITY;
  let drawn = "";
  return {
    progress(step, done, total) {
      const isNew = step !== current;
      if (!screen.isTTY) {
        if (isNew) screen.write(`${step}${total === undefined ? "" : ` (${total})`}\n`);
      } else {
        if (isNew) end();
        const line = `${step} ${total === undefined ? done : bar(done, total)}`;
        if (isNew || done === total || now() - drawnMs >= redrawMs) draw(line);
        drawn = line;
      }
      current = step;
    },
    end,
  };

  function draw(line: string): void {
    screen.write(`\r${line}\u001b[K`);
    drawnMs = now();
  }

  function end(): void {
    if (drawn === "") return;
    draw(drawn);
    screen.write("\n");
    drawn = "";
  }
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? barWidth : Math.floor((barWidth * done) / total);
  return `[${"#".repeat(filled)}${" ".repeat(barWidth - filled)}] ${done}/${total}`;
}
