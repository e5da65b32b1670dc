import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { ownerVariable } from "./environment.ts";

const pollMs = 25;
const killedMs = 5_000;

/**
 * Ends what a killed gateway left behind: every process whose environment says that it belongs to this owner. Neither names nor
 * remembered process ids prove anything, the random mark does. Call it only while the owner's data directory is locked.
 *
 * @returns how many processes were ended
 * @throws if some survive SIGKILL
 */
export function endOrphans(options: { owner: string; graceMs: number }): Promise<number> {
  return endMarked(new Set([`${ownerVariable}=${options.owner}`]), options.graceMs);
}

/** Ends every process, other than this one, with one of these `NAME=value` entries in its environment. */
export async function endMarked(marks: ReadonlySet<string>, graceMs: number): Promise<number> {
  const seen = new Set<number>();
  const begun = performance.now();
  const signalled = { SIGTERM: new Set<number>(), SIGKILL: new Set<number>() };

  for (;;) {
    const found = await marked(marks);
    if (found.length === 0) return seen.size;
    const elapsedMs = performance.now() - begun;
    if (elapsedMs > graceMs + killedMs) throw new Error(`processes ${found.join(", ")} could not be ended`);

    const signal = elapsedMs < graceMs ? "SIGTERM" : "SIGKILL";
    for (const pid of found) {
      seen.add(pid);
      // A SIGTERM is asked once: programs take the second one as an order to drop everything.
      if (signal === "SIGTERM" && signalled[signal].has(pid)) continue;
      signalled[signal].add(pid);
      end(pid, signal);
    }
    await sleep(pollMs);
  }
}

/** The whole group too: no group of another program has a marked process for its leader. */
function end(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch {
      // It leads no group, or is gone.
    }
  }
}

const marked = process.platform === "linux" ? markedByProc : markedByPs;

async function markedByProc(marks: ReadonlySet<string>): Promise<number[]> {
  const user = process.getuid?.();
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => isMarked(pid, user, marks)));
  return pids.filter((_pid, at) => found[at]);
}

async function isMarked(pid: number, user: number | undefined, marks: ReadonlySet<string>): Promise<boolean> {
  if (pid === process.pid) return false;
  try {
    const file = Bun.file(`/proc/${pid}/environ`);
    if (user !== undefined && (await file.stat()).uid !== user) return false;
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    return environment.split("\0").some((entry) => marks.has(entry));
  } catch {
    // It ended, or is not ours to look at.
    return false;
  }
}

/** `ps` prints the environment after the command, separated by spaces; the marks themselves hold none. */
export async function markedByPs(marks: ReadonlySet<string>): Promise<number[]> {
  const options = process.platform === "darwin" ? "-axEww" : "axeww";
  const ps = Bun.spawn({ cmd: ["ps", options, "-o", "pid=,command="], stdout: "pipe", stderr: "ignore" });
  const rows = (await new Response(ps.stdout).text()).split("\n");
  if ((await ps.exited) !== 0) throw new Error(`ps ${options} failed: cannot tell what a gateway has left behind`);
  return rows
    .filter((row) => row.split(" ").some((word) => marks.has(word)))
    .map((row) => Number.parseInt(row, 10))
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}
