export type Ran =
  | { readonly state: "ended"; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  | { readonly state: "failed"; readonly reason: string };

const maxOutputBytes = 1024 * 1024;
const maxErrorCharacters = 300;

/** Runs a program to its end, without input; bounded in time and in what it may print. */
export async function run(
  command: string[],
  environment: Record<string, string | undefined>,
  timeoutMs: number,
): Promise<Ran> {
  const program = start(command, environment);
  if (typeof program === "string") return { state: "failed", reason: program };

  const over = Promise.withResolvers<Ran>();
  const giveUp = (reason: string) => {
    killGroup(program.pid);
    over.resolve({ state: "failed", reason });
  };
  const timer = setTimeout(() => giveUp(`did not end within ${timeoutMs} ms`), timeoutMs);
  const tooMuch = () => giveUp(`printed more than ${maxOutputBytes} bytes`);
  try {
    // Not only its end is waited for: a child of its own may keep the pipes open.
    return await Promise.race([over.promise, outcome(program, tooMuch)]);
  } finally {
    clearTimeout(timer);
  }
}

type Program = Bun.Subprocess<"ignore", "pipe", "pipe">;

function start(command: string[], env: Record<string, string | undefined>): Program | string {
  try {
    return Bun.spawn(command, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe", detached: true });
  } catch (error) {
    return `cannot be started: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** With its children: `detached` made it the leader of a group. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function outcome(program: Program, tooMuch: () => void): Promise<Ran> {
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(program.stdout, tooMuch),
    textOf(program.stderr, tooMuch),
    program.exited,
  ]);
  return { state: "ended", exitCode, stdout, stderr: stderr.slice(-maxErrorCharacters) };
}

async function textOf(bytes: ReadableStream<Uint8Array>, tooMuch: () => void): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.byteLength;
    if (length > maxOutputBytes) {
      tooMuch();
      break;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
