import { parseArgs } from "node:util";
import { type TargetName, targetNames } from "./targets/target.ts";

export type Options = {
  targets: readonly TargetName[];
  parts: readonly ("requests" | "streams")[];
  connections: number;
  seconds: number;
  rounds: number;
  streams: number;
  streamSeconds: number;
  /** Before each measurement. */
  warmupSeconds: number;
  /** Where to write all figures as JSON. */
  json: string | undefined;
};

/** Command line to options. Throws an Error that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help) return "help";
  const { only } = values;
  if (only !== undefined && only !== "requests" && only !== "streams") throw new Error("--only is requests or streams");
  return {
    targets: (values.targets ?? targetNames.join()).split(",").map(targetName),
    parts: only === undefined ? ["requests", "streams"] : [only],
    connections: number("connections", values.connections),
    seconds: number("seconds", values.seconds),
    rounds: number("rounds", values.rounds),
    streams: number("streams", values.streams),
    streamSeconds: number("stream-seconds", values["stream-seconds"]),
    warmupSeconds: number("warmup-seconds", values["warmup-seconds"]),
    json: values.json,
  };
}

export const usage = `Usage: bun test/bench/main.ts [options]

Compares the gateway with other ways to the same MCP servers: see test/bench/README.md.

  --targets LIST          of ${targetNames.join(",")} (default: all)
  --only PART             requests or streams (default: both)
  --connections N         connections that call tools (64)
  --seconds S             each measurement of requests (2.5)
  --rounds N              interleaved rounds of requests (3)
  --streams N             open event streams (5000)
  --stream-seconds S      each measurement of streams (8)
  --warmup-seconds S      before each measurement (0.5)
  --json FILE             write all figures there
`;

const flags = {
  targets: { type: "string" },
  only: { type: "string" },
  connections: { type: "string", default: "64" },
  seconds: { type: "string", default: "2.5" },
  rounds: { type: "string", default: "3" },
  streams: { type: "string", default: "5000" },
  "stream-seconds": { type: "string", default: "8" },
  "warmup-seconds": { type: "string", default: "0.5" },
  json: { type: "string" },
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

const limits = {
  connections: { max: 4096, whole: true },
  seconds: { max: 600, whole: false },
  rounds: { max: 100, whole: true },
  // One address pair has about 28,000 ports, and a proxy holds two descriptors per stream.
  streams: { max: 25_000, whole: true },
  "stream-seconds": { max: 3600, whole: false },
  "warmup-seconds": { max: 60, whole: false },
} as const;

function targetName(text: string): TargetName {
  const found = targetNames.find((name) => name === text);
  if (found === undefined) throw new Error(`--targets knows ${targetNames.join(", ")}; not "${text}"`);
  return found;
}
