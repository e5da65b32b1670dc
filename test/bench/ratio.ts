import { show, type Spread } from "./spread.ts";
import { table } from "./table.ts";
import type { TargetName } from "./targets/target.ts";

/** How a target compares with nginx in one figure. */
export type Ratio = {
  target: TargetName;
  /** What was done: `json, 64 connections`. */
  work: string;
  figure: string;
  toNginx: Spread;
};

/** What is compared: nginx is the measure, and direct is no proxy. */
export const isCompared = (target: TargetName): boolean => target !== "direct" && target !== "nginx";

export const isKnown = ({ toNginx }: Ratio): boolean => Number.isFinite(toNginx.median);

/** A line for each work and figure, a column for each target; empty without nginx or anything to compare with it. */
export function ratioTable(ratios: readonly Ratio[]): string {
  if (ratios.length === 0) return "";
  const targets = [...new Set(ratios.map(({ target }) => target))];
  const lines = [...Map.groupBy(ratios, ({ work, figure }) => `${work}: ${figure}`)].map(([title, line]) => [
    title,
    ...targets.map((name) => {
      const ratio = line.find(({ target }) => target === name);
      return ratio ? show(ratio.toNginx, 2) : "-";
    }),
  ]);
  return table([["compared with nginx", ...targets], ...lines]);
}
