import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, clientOf } from "./client.ts";
import { devHeaders } from "./gateway.ts";
import { until } from "./until.ts";

const ownProgram = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));

/** A gateway as a process of its own, as people start it. */
export type GatewayProcess = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  as(userId?: string, ...roles: string[]): Client;
  mcpUrl(adapter: string): URL;
  /** Sends the signal and waits for the end; gives the exit code, or the signal's name. */
  end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | string>;
  /** What it has logged. */
  log(): string;
};

/** Starts a gateway on this data directory, and waits until it answers. Throws with its words if it does not start. */
export async function startGatewayProcess(
  directory: string,
  environment: Record<string, string> = {},
  program = ownProgram,
): Promise<GatewayProcess> {
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([process.execPath, program], {
    env: { PATH, HOME, PORT: "0", STORE_URL: `pglite:${directory}`, DRAIN_SECONDS: "1", ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let log = "";
  const reading = Promise.all([child.stdout, child.stderr].map(read));
  const url = await until("the gateway listens", () => {
    if (child.exitCode !== null) return "ended";
    return /"url":"([^"]+)"/.exec(log)?.[1];
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  if (url === "ended") {
    await reading;
    throw new Error(log.trim());
  }
  return {
    url,
    pid: child.pid,
    as: (userId = "dev", ...roles) => clientOf(url, devHeaders(userId, ...roles)),
    mcpUrl: (adapter) => new URL(`/adapters/${adapter}/mcp`, url),
    async end(signal) {
      child.kill(signal);
      await child.exited;
      return child.signalCode ?? (child.exitCode as number);
    },
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };

  async function read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) log += decoder.decode(bytes, { stream: true });
  }
}

/** A directory that goes with the test. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "gateway-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Whether a process lives. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
