import { StoreUnavailable } from "../store.ts";
import type { Client, Connection, OpenConnection } from "./connection.ts";
import { turns } from "./turns.ts";

/** Each statement takes a connection for itself, each transaction one for all of its own. */
export type Pool = AsyncDisposable & { readonly client: Client };

export type PoolLimits = {
  readonly size: number;
  /** Who may wait for a connection, and how long. */
  readonly maxWaiting: number;
  readonly waitMs: number;
  /** How long a statement or a transaction may take before its connection counts as broken. */
  readonly answerMs: number;
  /** How long a connection is used, so that a moved server and a changed password are noticed. */
  readonly lifetimeMs: number;
};

/** Whatever goes wrong with a connection is told as {@link StoreUnavailable}. */
export function openPool(open: OpenConnection, limits: PoolLimits): Pool {
  const line = turns({ atOnce: limits.size, waiting: limits.maxWaiting, waitMs: limits.waitMs });
  const idle = new Set<Connection>();
  const atWork = new Set<Promise<unknown>>();
  let closed = false;

  return {
    client: {
      unsafe(...asked) {
        let asValues = false;
        const answer = Promise.resolve().then(() =>
          use(async ({ client }) => {
            const query = client.unsafe(...asked);
            return await (asValues ? (query.values() as typeof query) : query);
          }),
        );
        const values = () => {
          asValues = true;
          return answer;
        };
        return Object.assign(answer, { values });
      },
      begin: (work) => use(({ client }) => client.begin(work)),
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await Promise.allSettled(atWork);
      await Promise.all([...idle].map((connection) => connection.close()));
    },
  };

  async function use<Value>(work: (connection: Connection) => Promise<Value>): Promise<Value> {
    const give = await line.take();
    const working = withConnection(work).finally(give);
    atWork.add(working);
    try {
      return await working;
    } finally {
      atWork.delete(working);
    }
  }

  /** Only a connection whose work succeeded is used again. */
  async function withConnection<Value>(work: (connection: Connection) => Promise<Value>): Promise<Value> {
    if (closed) throw new StoreUnavailable("The store is closed.");
    const connection = takeIdle() ?? (await open().catch(cannotConnect));
    try {
      const value = await answered(connection, work(connection));
      if (connection.isOpen() && !closed) idle.add(connection);
      else void connection.close();
      return value;
    } catch (error) {
      const broke = !connection.isOpen() && !(error instanceof StoreUnavailable);
      connection.destroy();
      throw broke ? new StoreUnavailable("The connection to the database broke.") : error;
    }
  }

  function takeIdle(): Connection | undefined {
    for (const connection of [...idle].reverse()) {
      idle.delete(connection);
      if (connection.isOpen() && performance.now() - connection.openedMs < limits.lifetimeMs) return connection;
      void connection.close();
    }
    return undefined;
  }

  async function answered<Value>(connection: Connection, working: Promise<Value>): Promise<Value> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // Whatever holds this one up does so with those that are idle, since the server ends statements sooner.
      for (const each of [connection, ...idle]) each.destroy();
      idle.clear();
      reject(new StoreUnavailable(`The database did not answer within ${limits.answerMs} ms.`));
    }, limits.answerMs);
    return Promise.race([working, late]).finally(() => clearTimeout(timer));
  }
}

function cannotConnect(error: unknown): never {
  throw new StoreUnavailable(
    `There is no connection to the database: ${error instanceof Error ? error.message : error}`,
  );
}
