import { fileURLToPath } from "node:url";

export type ReferenceServer = AsyncDisposable & {
  /** Where it speaks MCP: http://127.0.0.1:PORT/mcp */
  url: string;
  pid: number;
};

const program = fileURLToPath(new URL("../fixtures/reference-server/main.ts", import.meta.url));
const startTimeoutMs = 20_000;
const stopTimeoutMs = 5_000;

/**
 * Starts the reference MCP server as a process of its own, on a free port unless one is given, and waits until it
 * listens. Disposing it sends SIGTERM and waits for its end, then prints what it said on standard error.
 */
export async function startReferenceServer({ port = 0 }: { port?: number } = {}): Promise<ReferenceServer> {
  const child = Bun.spawn([process.execPath, program], {
    env: { ...process.env, HOST: "127.0.0.1", PORT: String(port) },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = child.stderr.text();
  const stop = async () => {
    child.kill("SIGTERM");
    const kill = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await child.exited;
    clearTimeout(kill);
    if (await errors) console.error(await errors);
  };
  const tooLate = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
  const url = await firstLine(child.stdout);
  clearTimeout(tooLate);
  if (url === undefined) {
    await child.exited;
    const end = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new Error(`The reference server did not start: ${end}\n${await errors}`);
  }
  return { url, pid: child.pid, [Symbol.asyncDispose]: stop };
}

async function firstLine(stream: ReadableStream<Uint8Array>) {
  const decoder = new TextDecoder();
  let seen = "";
  for await (const bytes of stream) {
    seen += decoder.decode(bytes, { stream: true });
    const end = seen.indexOf("\n");
    if (end >= 0) return seen.slice(0, end);
  }
  return undefined;
}
