import { parseArgs } from "node:util";
import { type PartName, partNames } from "./parts/part.ts";
import { type TargetName, targetNames } from "./targets/target.ts";

export type Options = {
  targets: readonly TargetName[];
  parts: readonly PartName[];
  /** How many at once; measured one after the other. */
  connections: readonly number[];
  seconds: number;
  rounds: number;
  /** As `connections`. */
  streams: readonly number[];
  streamSeconds: number;
  /** Clients that leave, in each phase. */
  aborts: number;
  /** How long to look on after a replica was killed. */
  watchSeconds: number;
  /** How many are registered; a gateway for each. */
  adapters: readonly number[];
  /** Before each measurement. */
  warmupSeconds: number;
  /** Where to write all figures as JSON. */
  json: string | undefined;
  /** Where to write the ratios as SVG. */
  chart: string | undefined;
};

/** Command line to options. Throws an Error that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help) return "help";
  const usual = { ...usualDefaults, ...(values.full && fullDefaults) };
  return {
    targets: names("targets", values.targets ?? usual.targets, targetNames),
    parts: names("only", values.only ?? usual.only, partNames),
    connections: numbers("connections", values.connections ?? usual.connections),
    seconds: number("seconds", values.seconds),
    rounds: number("rounds", values.rounds),
    streams: numbers("streams", values.streams ?? usual.streams),
    streamSeconds: number("stream-seconds", values["stream-seconds"]),
    aborts: number("aborts", values.aborts),
    watchSeconds: number("watch-seconds", values["watch-seconds"]),
    adapters: numbers("adapters", values.adapters),
    warmupSeconds: number("warmup-seconds", values["warmup-seconds"]),
    json: values.json,
    chart: values.chart,
  };
}

const usualDefaults = {
  targets: "direct,nginx,haproxy,fetch,gateway",
  only: "requests,streams,abort,recovery",
  connections: "64",
  streams: "5000",
};

const fullDefaults = {
  targets: targetNames.join(),
  only: partNames.join(),
  connections: "1,64,256,512",
  streams: "1000,5000,10000",
};

export const usage = `Usage: bun test/bench/main.ts [options]

Compares the gateway with other ways to the same MCP servers: see test/bench/README.md.

  --full                  everything: all targets and parts, more connections and streams
  --targets LIST          of ${targetNames.join(",")}
                          (default: ${usualDefaults.targets})
  --only LIST             of ${partNames.join(",")}
                          (default: ${usualDefaults.only})
  --connections LIST      connections that call tools (${usualDefaults.connections}; --full: ${fullDefaults.connections})
  --seconds S             each measurement of requests (2.5)
  --rounds N              interleaved rounds of requests (3)
  --streams LIST          open event streams (${usualDefaults.streams}; --full: ${fullDefaults.streams})
  --stream-seconds S      each measurement of streams (8)
  --aborts N              clients that leave, in each phase (20)
  --watch-seconds S       watched after a replica was killed (10)
  --adapters LIST         registered adapters, of which one is asked (10,1000,10000)
  --warmup-seconds S      before each measurement (0.5)
  --json FILE             write all figures there
  --chart FILE            write the ratios to nginx there, as SVG
`;

const flags = {
  full: { type: "boolean" },
  targets: { type: "string" },
  only: { type: "string" },
  connections: { type: "string" },
  seconds: { type: "string", default: "2.5" },
  rounds: { type: "string", default: "3" },
  streams: { type: "string" },
  "stream-seconds": { type: "string", default: "8" },
  aborts: { type: "string", default: "20" },
  "watch-seconds": { type: "string", default: "10" },
  adapters: { type: "string", default: "10,1000,10000" },
  "warmup-seconds": { type: "string", default: "0.5" },
  json: { type: "string" },
  chart: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** `seconds` may be fractions, what is counted may not. */
function number(flag: keyof typeof limits, text: string): number {
  const value = Number(text);
  const { max, whole } = limits[flag];
  if (!(value > 0 && value <= max) || (whole && !Number.isInteger(value)))
    throw new Error(`--${flag} is ${whole ? "a whole number" : "a number"} above 0 and up to ${max}`);
  return value;
}

const numbers = (flag: keyof typeof limits, list: string): number[] =>
  list.split(",").map((text) => number(flag, text));

const limits = {
  connections: { max: 4096, whole: true },
  seconds: { max: 600, whole: false },
  rounds: { max: 100, whole: true },
  // One address pair has about 28,000 ports, and a proxy holds two descriptors per stream.
  streams: { max: 25_000, whole: true },
  "stream-seconds": { max: 3600, whole: false },
  aborts: { max: 1000, whole: true },
  "watch-seconds": { max: 600, whole: false },
  adapters: { max: 100_000, whole: true },
  "warmup-seconds": { max: 60, whole: false },
} as const;

function names<Name extends string>(flag: string, list: string, all: readonly Name[]): Name[] {
  return list.split(",").map((text) => {
    const found = all.find((name) => name === text);
    if (found === undefined) throw new Error(`--${flag} knows ${all.join(", ")}; not "${text}"`);
    return found;
  });
}
