import { setImmediate } from "node:timers/promises";
import { type Family, type FamilySource, familyOf, metricsOf } from "./families.ts";
import type { Value } from "./cells.ts";

export type Format = "prometheus" | "openmetrics";

/** Between two turns of everything else in this process: a fraction of a millisecond. */
const linesAtOnce = 500;

const underWay = new WeakMap<FamilySource, Map<Format, Promise<Blob>>>();

/** The same for whoever asks while it is being written, so that many who ask cost no more than one. */
export function sharedExpositionOf(source: FamilySource, format: Format): Promise<Blob> {
  const own = underWay.get(source) ?? new Map<Format, Promise<Blob>>();
  underWay.set(source, own);
  const known = own.get(format);
  if (known) return known;
  const writing = expositionOf(source, format).finally(() => own.delete(format));
  own.set(format, writing);
  return writing;
}

/**
 * All figures as text, in Prometheus' format or as OpenMetrics 1.0: there a counter's family is named without its suffix, there are
 * no empty lines, and an end. Whoever counts thousands of things answers other requests meanwhile.
 */
async function expositionOf(source: FamilySource, format: Format): Promise<Blob> {
  const isOpen = format === "openmetrics";
  const parts: string[] = [];
  let lines: string[] = [];
  for (const metric of metricsOf(source)) {
    const family = await familyOf(metric);
    lines.push(headOf(family, isOpen));
    for (const value of family.values) {
      lines.push(`${value.metricName ?? family.name}${labelsOf(value.labels)} ${numberOf(value.value)}\n`);
      if (lines.length < linesAtOnce) continue;
      parts.push(lines.join(""));
      lines = [];
      await setImmediate();
    }
    if (!isOpen) lines.push("\n");
  }
  if (isOpen) lines.push("# EOF\n");
  return new Blob([...parts, ...lines]);
}

function headOf({ name, help, type }: Family, isOpen: boolean): string {
  const kind = String(type);
  const family = isOpen && kind === "counter" ? name.replace(/_total$/, "") : name;
  const text = help.replace(/[\\\n]/g, escaped);
  return `# HELP ${family} ${isOpen ? text.replaceAll('"', '\\"') : text}\n# TYPE ${family} ${kind}\n`;
}

function labelsOf(labels: Value["labels"]): string {
  let text = "";
  for (const label in labels) {
    const value = String(labels[label]);
    text += `${text === "" ? "" : ","}${label}="${/[\\\n"]/.test(value) ? value.replace(/[\\\n"]/g, escaped) : value}"`;
  }
  return text === "" ? "" : `{${text}}`;
}

function escaped(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}

function numberOf(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
