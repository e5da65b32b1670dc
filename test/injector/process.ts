import { fileURLToPath } from "node:url";
import { until } from "../support/until.ts";

const ownProgram = fileURLToPath(new URL("../../injector/main.ts", import.meta.url));

/** An injector as a process of its own. */
export type InjectorProcess = AsyncDisposable & {
  /** Its ports. */
  readonly webhook: number;
  readonly health: number;
  readonly pid: number;
  /** Sends the signal and waits for the end; gives the exit code, or the signal's name. */
  end(signal: "SIGTERM" | "SIGINT"): Promise<number | string>;
  signal(signal: "SIGTERM" | "SIGINT"): void;
  log(): string;
  /** What it answers on its health port. */
  ask(path: string): Promise<Response>;
};

/** Throws with its words if it does not start. */
export async function startInjector(
  environment: Record<string, string>,
  program = ownProgram,
): Promise<InjectorProcess> {
  const { PATH = "", HOME = "" } = process.env;
  const defaults = {
    HOST: "127.0.0.1",
    PORT: "0",
    HEALTH_PORT: "0",
    GUARD_IMAGE: "guard:1",
    CERTIFICATE_LOOK_SECONDS: "0.2",
  };
  const child = Bun.spawn([process.execPath, program], {
    env: { PATH, HOME, ...defaults, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let log = "";
  const reading = Promise.all([child.stdout, child.stderr].map(read));
  const ports = await until("the injector listens", () => {
    if (child.exitCode !== null) return "ended";
    return /"webhook":(\d+),"health":(\d+)/.exec(log)?.slice(1).map(Number);
  });
  if (ports === "ended") {
    await reading;
    throw new Error(log.trim());
  }
  const [webhook = 0, health = 0] = ports;
  return {
    webhook,
    health,
    pid: child.pid,
    async end(signal) {
      child.kill(signal);
      await child.exited;
      return child.signalCode ?? (child.exitCode as number);
    },
    signal: (signal) => child.kill(signal),
    log: () => log,
    ask: (path) => fetch(`http://127.0.0.1:${health}${path}`, { keepalive: false }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };

  async function read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) log += decoder.decode(bytes, { stream: true });
  }
}
