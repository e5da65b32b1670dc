import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { eventsTo } from "../../gateway/observe/events.ts";
import type { LocalLimits } from "../../gateway/runtime/local/limits.ts";
import { localRuntime } from "../../gateway/runtime/local/local-runtime.ts";
import type { Endpoint, Runtime } from "../../gateway/runtime/runtime.ts";

export const serverProgram = join(import.meta.dir, "programs/server.ts");

/** Everything that takes seconds on a laptop takes milliseconds here. */
export const fastLimits: Partial<LocalLimits> = {
  probeFirstMs: 10,
  probeCapMs: 30,
  restartFirstMs: 20,
  restartCapMs: 80,
  stableMs: 60_000,
  drainMs: 30,
  graceMs: 2_000,
};

export type Bench = {
  readonly runtime: Runtime;
  readonly directory: string;
  /** Every log line of the gateway. */
  readonly events: Record<string, unknown>[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** A runtime in a folder of its own, with `server` as an image. */
export async function openBench(
  options: {
    limits?: Partial<LocalLimits>;
    images?: Record<string, unknown>;
    gatewayEnvironment?: Record<string, string | undefined>;
    dataDirectory?: string;
    guarded?: boolean;
  } = {},
): Promise<Bench> {
  const directory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "local-runtime-")));
  const catalogueFile = join(directory, "images.json");
  await writeFile(catalogueFile, JSON.stringify({ server: { command: ["bun", serverProgram] }, ...options.images }));
  const events: Record<string, unknown>[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void events.push(JSON.parse(line)) });
  const runtime = await localRuntime({
    events: eventsTo(log),
    dataDirectory: directory,
    catalogueFile,
    limits: { ...fastLimits, ...options.limits },
    ...(options.guarded && { guarded: true }),
    ...(options.gatewayEnvironment && { gatewayEnvironment: options.gatewayEnvironment }),
  });
  return {
    runtime,
    directory,
    events,
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Waits for a condition, and says what was there instead when it does not come true. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  withinMs = 8_000,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > until) throw new Error(`still ${JSON.stringify(seen)} after ${withinMs} ms`);
    await Bun.sleep(5);
  }
}

export async function readyEndpoints(runtime: Runtime, count: number, name = "weather"): Promise<readonly Endpoint[]> {
  return await eventually(
    () => runtime.endpoints.of(name),
    (endpoints) => endpoints.length === count && endpoints.every(({ state }) => state === "ready"),
  );
}

export async function ask<T>(endpoint: Endpoint | undefined, path: string): Promise<T> {
  const response = await fetch(`${endpoint?.origin}${path}`, { keepalive: false });
  return (await response.json()) as T;
}

/** A process that has ended and that nobody has collected yet is not alive. */
export function isAlive(pid: number): boolean {
  const { stdout } = Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)]);
  const state = stdout.toString().trim();
  return state !== "" && !state.startsWith("Z");
}
