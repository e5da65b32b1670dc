import { Connection, type User } from "./connection.ts";
import { type Origin, originFrom } from "./origin.ts";

export type PoolLimits = {
  /** How long a server may take to accept a connection. */
  readonly connectMs: number;
  /** How long a connection is kept for the next request: less than servers keep it, so that theirs is not the first end. */
  readonly idleMs: number;
  /** Kept for each server. */
  readonly maxIdle: number;
  /** In all, busy and idle. */
  readonly maxOpen: number;
};

export type Pool = ReturnType<typeof connectionPool>;

type Server = { readonly origin: Origin; readonly idle: Connection[]; open: number };

/** Connections to servers, each used by one request at a time and kept for the next. */
export function connectionPool(limits: PoolLimits, now: () => number) {
  const servers = new Map<string, Server>();
  const all = new Set<Connection>();
  let sweeping: Timer | undefined;

  return {
    /** An open connection that waits for a request, the most recently used first. */
    idle(url: string): Connection | undefined {
      const idle = servers.get(url)?.idle;
      if (!idle) return undefined;
      for (let connection = idle.pop(); connection; connection = idle.pop()) {
        if (now() < connection.idleUntilMs) return connection;
        connection.destroy();
      }
      return undefined;
    },

    /** A new connection, which tells `user` when it is open; undefined when there are too many. */
    open(url: string, user: User): Connection | undefined {
      if (all.size >= limits.maxOpen) return undefined;
      const server = serverAt(url);
      const connection = new Connection(server.origin, user, limits.connectMs, forget);
      server.open++;
      all.add(connection);
      return connection;
    },

    /** Takes back a connection whose request is over. `serverIdleMs`: how long the server says that it keeps it. */
    keep(connection: Connection, serverIdleMs: number | undefined): void {
      connection.user = undefined;
      const server = servers.get(connection.origin.url);
      const idleMs = Math.min(limits.idleMs, serverIdleMs ?? limits.idleMs);
      if (!server || !connection.isDrained || idleMs <= 0 || server.idle.length >= limits.maxIdle) {
        connection.destroy();
        return;
      }
      // Its last reader may have been slow to the end.
      connection.resume();
      connection.isReused = true;
      connection.idleUntilMs = now() + idleMs;
      server.idle.push(connection);
      sweeping ??= setTimeout(sweep, limits.idleMs).unref();
    },

    /** How many connections there are, busy, idle or about to open. */
    get size(): number {
      return all.size;
    },

    [Symbol.dispose](): void {
      clearTimeout(sweeping);
      for (const connection of all) connection.closed("stopped");
    },
  };

  function serverAt(url: string): Server {
    const known = servers.get(url);
    if (known) return known;
    const server = { origin: originFrom(url), idle: [], open: 0 };
    servers.set(url, server);
    return server;
  }

  function forget(connection: Connection): void {
    all.delete(connection);
    const { url } = connection.origin;
    const server = servers.get(url);
    if (!server) return;
    const at = server.idle.lastIndexOf(connection);
    if (at >= 0) server.idle.splice(at, 1);
    server.open--;
    if (server.open === 0) servers.delete(url);
  }

  function sweep(): void {
    sweeping = undefined;
    let kept = 0;
    for (const { idle } of servers.values()) {
      for (const connection of [...idle]) if (now() >= connection.idleUntilMs) connection.destroy();
      kept += idle.length;
    }
    if (kept > 0) sweeping = setTimeout(sweep, limits.idleMs).unref();
  }
}
