import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type RowList, type Sql } from "postgres";
import type { Password } from "./password.ts";
import type { Settings } from "./settings.ts";
import { openSocket } from "./socket.ts";

/** What Drizzle uses of a client: on a {@link Connection}, or on a pool of them. */
export type Client = {
  unsafe(statement: string, parameters?: unknown[], options?: object): Answer;
  begin<Value>(work: (transaction: Client) => Promise<Value>): Promise<Value>;
};

/** Rows as objects, or as lists of values for who asks for them at once. */
export type Answer = Promise<RowList<Record<string, unknown>[]>> & { values(): Promise<unknown> };

/** Asks nothing of the client until it is used. */
export function drizzleOn(client: Client): PostgresJsDatabase {
  // Drizzle sets its parsers in here; the connections have had theirs already.
  return drizzle(Object.assign(client, { options: { parsers: {}, serializers: {} } }) as unknown as Sql);
}

/**
 * One connection for one user at a time. It is used until it breaks, and never again: postgres.js would connect anew in the
 * middle of a transaction's statements, and its own transactions write to a socket that is gone.
 */
export type Connection = {
  readonly client: Client;
  readonly openedMs: number;
  isOpen(): boolean;
  /** Resolves when it has ended, by whatever. */
  readonly ended: Promise<void>;
  /** Whoever waits for an answer hears that the connection is closed. */
  destroy(): void;
  close(): Promise<void>;
};

export type OpenConnection = (onNotify?: (payload: string) => void) => Promise<Connection>;

const closingSeconds = 1;
/** Networks forget connections that are silent for minutes; Azure's after four. */
const keepAliveSeconds = 30;

/** Rejects when it is not ready for statements within `connectTimeoutMs`. */
export async function openConnection(
  settings: Settings,
  password: Password,
  onNotify: (payload: string) => void = () => undefined,
): Promise<Connection> {
  const signal = AbortSignal.timeout(settings.connectTimeoutMs);
  const { user, database, statementTimeoutMs } = settings;
  const secret = await unlessAborted(signal, password(signal));
  const socket = await openSocket(settings, signal);
  const ended = Promise.withResolvers<void>();
  let open = true;
  let cause = new Error("The server closed the connection.");
  // Before the driver hears of it, or it would be asked to roll back on a socket that is gone.
  socket.once("error", failed).once("close", end);
  let sockets = [socket];
  const sql = postgres({
    ...{ user, database, pass: secret, max: 1, ssl: false, fetch_types: false, idle_timeout: 0, max_lifetime: null },
    connect_timeout: settings.connectTimeoutMs / 1000,
    keep_alive: keepAliveSeconds,
    onnotice: () => undefined,
    onnotify: (_channel: string, payload: string) => onNotify(payload),
    connection: {
      application_name: settings.applicationName,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
    },
    // It would ask for another in order to connect anew.
    socket: () => {
      const [only] = sockets;
      sockets = [];
      if (only) return only;
      throw cause;
    },
  } as postgres.Options<Record<string, never>>);
  drizzle(sql);
  const client: Client = { unsafe, begin };

  signal.addEventListener("abort", destroy);
  try {
    // The driver does not hear of a socket that was closed before it had it.
    await Promise.race([sql.unsafe("select 1"), ended.promise.then(() => Promise.reject(cause))]);
  } catch (error) {
    destroy();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", destroy);
  }
  return { client, openedMs: performance.now(), isOpen: () => open, ended: ended.promise, destroy, close };

  function unsafe(...[statement, parameters, options]: Parameters<Client["unsafe"]>): Answer {
    if (!open) throw new Error("The connection is closed.");
    return sql.unsafe(statement, parameters as never[], options) as unknown as Answer;
  }

  async function begin<Value>(work: (transaction: Client) => Promise<Value>): Promise<Value> {
    await unsafe("begin");
    try {
      // What Drizzle's migrations begin in here is a part of it.
      const value = await work({ unsafe, begin: (part) => part(client) });
      const { command } = await unsafe("commit");
      if (command !== "COMMIT") throw new Error("The transaction was rolled back.");
      return value;
    } catch (error) {
      if (open) await unsafe("rollback").catch(destroy);
      throw error;
    }
  }

  function failed(error: Error): void {
    cause = error;
    end();
  }

  function end(): void {
    open = false;
    ended.resolve();
  }

  function destroy(): void {
    open = false;
    socket.destroy();
    void sql.end({ timeout: 0 });
  }

  async function close(): Promise<void> {
    if (open) await sql.end({ timeout: closingSeconds });
    destroy();
  }
}

function unlessAborted<Value>(signal: AbortSignal, asked: Promise<Value>): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return Promise.race([asked, aborted]);
}
