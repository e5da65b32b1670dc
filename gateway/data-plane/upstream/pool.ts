import { Connection, type Owner, type User } from "./connection.ts";
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

/**
 * Attempts that were given up while the kernel still sends SYNs, which it does for minutes: a server that drops them gets no
 * more at once, or requests to it would use up the sockets of the whole process.
 */
const maxLost = 1000;

/**
 * How often it is seen who still waits: those ask whether their client does, too. A call that is shorter is done before anybody could
 * stop it.
 */
const lookMs = 100;

type Server = {
  readonly origin: Origin;
  readonly idle: Connection[];
  open: number;
  /** Of those, the ones about to open. */
  readonly connecting: Set<Connection>;
  /** Given up, and the kernel tries on. */
  readonly lost: Set<Connection>;
  /** How many of the lost do not count, since the server has taken a connection after them. */
  forgiven: number;
};

/** Connections to servers, each used by one request at a time and kept for the next. */
export function connectionPool(limits: PoolLimits, now: () => number) {
  const servers = new Map<string, Server>();
  const all = new Set<Connection>();
  let sweeping: Timer | undefined;
  let looking: Timer | undefined;
  const owner: Owner = {
    opened(connection) {
      const server = servers.get(connection.origin.url);
      if (!server) return;
      server.connecting.delete(connection);
      server.forgiven = server.lost.size;
    },
    gone: forget,
    stoppedDialling(connection) {
      const server = servers.get(connection.origin.url);
      if (!server?.lost.delete(connection)) return;
      server.forgiven = Math.min(server.forgiven, server.lost.size);
      forgetUnused(server);
    },
  };

  return {
    /** An open connection that waits for a request, the most recently used first. */
    idle(url: string): Connection | undefined {
      looking ??= setInterval(look, lookMs).unref();
      const idle = servers.get(url)?.idle;
      if (!idle) return undefined;
      for (let connection = idle.pop(); connection; connection = idle.pop()) {
        if (now() < connection.idleUntilMs) return connection;
        connection.destroy();
      }
      return undefined;
    },

    /** A new connection, which tells `user` when it is open; undefined when there are too many, or no hope for another. */
    open(url: string, user: User): Connection | undefined {
      if (all.size >= limits.maxOpen || isHopeless(url)) return undefined;
      const server = serverAt(url);
      const connection = new Connection(server.origin, user, limits.connectMs, owner);
      server.open++;
      server.connecting.add(connection);
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
      clearInterval(looking);
      for (const connection of all) connection.closed("stopped");
    },
  };

  /** One attempt at a time finds out whether it has come back. */
  function isHopeless(url: string): boolean {
    const server = servers.get(url);
    return server !== undefined && server.connecting.size > 0 && server.lost.size - server.forgiven >= maxLost;
  }

  function serverAt(url: string): Server {
    const known = servers.get(url);
    if (known) return known;
    const server: Server = {
      origin: originFrom(url),
      idle: [],
      open: 0,
      connecting: new Set(),
      lost: new Set(),
      forgiven: 0,
    };
    servers.set(url, server);
    return server;
  }

  function forget(connection: Connection, isDialling: boolean): void {
    all.delete(connection);
    const server = servers.get(connection.origin.url);
    if (!server) return;
    const at = server.idle.lastIndexOf(connection);
    if (at >= 0) server.idle.splice(at, 1);
    server.open--;
    server.connecting.delete(connection);
    if (isDialling) server.lost.add(connection);
    forgetUnused(server);
  }

  function forgetUnused(server: Server): void {
    if (server.open === 0 && server.lost.size === 0) servers.delete(server.origin.url);
  }

  function look(): void {
    let used = 0;
    for (const { user } of all) {
      if (!user) continue;
      used++;
      user.lasts();
    }
    if (used > 0) return;
    clearInterval(looking);
    looking = undefined;
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
