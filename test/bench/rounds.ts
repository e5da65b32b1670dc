import type { Load } from "./load/client.ts";
import type { RequestFigures, StreamFigures } from "./load/orders.ts";
import type { Options } from "./options.ts";
import type { Stand } from "./stand.ts";
import type { Target, TargetName } from "./targets/target.ts";
import { streamsLeft } from "./upstreams.ts";
import type { Shape } from "./wire.ts";

export type RequestSample = { target: TargetName; shape: Shape; round: number; figures: RequestFigures };
export type StreamSample = {
  target: TargetName;
  figures: StreamFigures;
  /** Streams that upstreams still held some seconds after all clients had left. */
  leftUpstream: number;
};

/** Every target in every round, so that whatever else the machine does meets all alike; each round begins with another target. */
export async function measureRequests(load: Load, stand: Stand, options: Options): Promise<RequestSample[]> {
  const samples: RequestSample[] = [];
  const warmupMs = options.warmupSeconds * 1000;
  for (const target of stand.targets) {
    for (const shape of shapes) await warm(load, target, shape, options, firstWarmupFactor);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const shape of shapes) {
      for (const { name, door, pids } of rotated(stand.targets, round)) {
        const figures = await load.drive("requests", {
          door,
          shape,
          connections: options.connections,
          warmupMs,
          measureMs: options.seconds * 1000,
          proxyPids: pids,
        });
        samples.push({ target: name, shape, round, figures });
        say(`round ${round + 1} ${shape} ${name}: ${Math.round(figures.requests / figures.seconds)} requests/s`);
      }
    }
  }
  return samples;
}

/** One target after the other. Each proxy should be fresh: memory it has already taken would hide what streams take. */
export async function measureStreams(
  load: Load,
  stand: Stand,
  options: Options,
  signal: AbortSignal,
): Promise<StreamSample[]> {
  const samples: StreamSample[] = [];
  const warmupMs = options.warmupSeconds * 1000;
  for (const target of stand.targets) {
    const { name, door, pids, upstreams = stand.upstreams } = target;
    await warm(load, target, "json", options, 1);
    const figures = await load.drive("streams", {
      door,
      streams: options.streams,
      warmupMs,
      measureMs: options.streamSeconds * 1000,
      proxyPids: pids,
    });
    samples.push({ target: name, figures, leftUpstream: await streamsLeft(upstreams, signal) });
    say(`streams ${name}: ${figures.events} events`);
  }
  return samples;
}

const shapes = ["json", "sse"] as const;
/** Runtimes compile what they see often, some of it after 100,000 requests: a process begins slower than it goes on. */
const firstWarmupFactor = 12;

async function warm(load: Load, { door, pids }: Target, shape: Shape, options: Options, factor: number): Promise<void> {
  const measureMs = options.warmupSeconds * 1000 * factor;
  const { connections } = options;
  await load.drive("requests", { door, shape, connections, warmupMs: 0, measureMs, proxyPids: pids });
}

const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length] as T);

/** Progress goes to stderr, so that stdout is the report. */
const say = (line: string) => process.stderr.write(`  ${line}\n`);
