import type { Ratio } from "./ratio.ts";

/**
 * The ratios to nginx as bars, a group for each work and figure: SVG written by hand, readable on light and dark pages. Only
 * figures of cost are shown: throughput and delays tell as much about the load generator. `caption`: where it was measured.
 */
export function chart(ratios: readonly Ratio[], caption: string): string {
  const groups = [...Map.groupBy(ratios.filter(isShown), titleOf)];
  const longest = Math.max(1, ...groups.flatMap(([, group]) => group.map(shown)));
  const lines: string[] = [];
  let y = headHeight;
  for (const [title, group] of groups) {
    lines.push(...groupAt(y, title, group, barsWidth / longest));
    y += groupHeight(group);
  }
  const height = y + footHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Compared with nginx">
<style>${style}</style>
<rect class="page" width="${width}" height="${height}"/>
${text("head", margin, margin + 12, "Compared with nginx (dashed line: 1)")}
${lines.join("\n")}
${text("caption", margin, height - margin, caption)}
</svg>
`;
}

const better: Record<string, string> = {
  "requests per CPU-second": "more is better",
  "memory per stream": "less is better",
  "CPU per event": "less is better",
};
const isShown = ({ figure }: Ratio) => figure in better;
const titleOf = ({ work, figure }: Ratio) => `${work}: ${figure} (${better[figure]})`;

/** A bar is no longer than this; its number says what it is. One that is far off would make all others unreadable. */
const longestBar = 4;
const shown = ({ toNginx: { median } }: Ratio) => Math.min(longestBar, Math.max(0, median));

const width = 720;
const margin = 16;
const labelWidth = 96;
const barsWidth = width - labelWidth - 60;
const headHeight = 48;
const titleHeight = 32;
const rowHeight = 18;
const barHeight = 13;
const footHeight = 48;

const groupHeight = (group: readonly Ratio[]) => titleHeight + group.length * rowHeight;

function groupAt(y: number, title: string, group: readonly Ratio[], unit: number): string[] {
  const firstBar = y + titleHeight;
  const bars = group.map((ratio, i) => ({ ratio, y: firstBar + i * rowHeight, length: round(shown(ratio) * unit) }));
  const one = round(labelWidth + unit);
  return [
    text("title", margin, firstBar - 8, title),
    ...bars.map(
      (bar) =>
        `<rect class="${bar.ratio.target === "gateway" ? "ours" : "other"}" x="${labelWidth}" y="${bar.y}" width="${bar.length}" height="${barHeight}"/>`,
    ),
    `<line x1="${one}" x2="${one}" y1="${firstBar - 2}" y2="${y + groupHeight(group) - 3}"/>`,
    ...bars.flatMap(({ ratio, y: top, length }) => [
      text("target", labelWidth - 8, top + 11, ratio.target),
      text("value", round(labelWidth + length + 6), top + 11, ratio.toNginx.median.toFixed(2)),
    ]),
  ];
}

const text = (kind: string, x: number, y: number, words: string) =>
  `<text class="${kind}" x="${x}" y="${y}">${Bun.escapeHTML(words)}</text>`;

const round = (value: number) => Math.round(value * 10) / 10;

// A value stands out from the line behind it by a border in the colour of the page.
const style = `
text { font: 12px system-ui, sans-serif; fill: #24292f }
.head { font-size: 16px; font-weight: 600 }
.title { font-weight: 600 }
.target { text-anchor: end }
.value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
.caption { font-size: 10px; fill: #57606a }
.page { fill: #ffffff }
.ours { fill: #0969da }
.other { fill: #8c959f }
line { stroke: #cf222e; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .value { stroke: #0d1117 }
  .caption { fill: #9198a1 }
  .page { fill: #0d1117 }
  .ours { fill: #4493f8 }
  .other { fill: #6e7681 }
  line { stroke: #f85149 }
}
`;
