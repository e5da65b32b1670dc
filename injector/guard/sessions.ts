export type Sessions = {
  /** A request of this session is answered; it lives at least as long as the answer takes. */
  hold(id: string): Disposable;
  /** Its client has ended it, or the server does not know it. */
  ended(id: string): void;
  count(): number;
};

export type SessionLimits = {
  /** A session without a request and without an open stream for so long is over. */
  readonly silentMs: number;
  readonly maxSessions: number;
};

export const sessionLimits: SessionLimits = { silentMs: 15 * 60_000, maxSessions: 20_000 };

type Session = { lastMs: number; held: number };

/** Which sessions of the server are in use, as far as their traffic tells. */
export function activeSessions({
  now,
  limits = sessionLimits,
}: {
  now: () => number;
  limits?: SessionLimits;
}): Sessions {
  // By a hash, since servers choose how long their ids are. In the order of their last use.
  const sessions = new Map<bigint, Session>();

  return {
    hold(id) {
      const name = Bun.hash(id) as bigint;
      const session = sessions.get(name) ?? { lastMs: 0, held: 0 };
      session.held++;
      touch(name, session);
      const [oldest] = sessions.keys();
      if (sessions.size > limits.maxSessions && oldest !== undefined) sessions.delete(oldest);
      return {
        [Symbol.dispose]() {
          session.held--;
          if (sessions.get(name) === session) touch(name, session);
        },
      };
    },
    ended: (id) => void sessions.delete(Bun.hash(id) as bigint),
    count() {
      for (const [name, session] of sessions) {
        if (now() - session.lastMs < limits.silentMs) break;
        if (session.held > 0) touch(name, session);
        else sessions.delete(name);
      }
      return sessions.size;
    },
  };

  function touch(name: bigint, session: Session): void {
    session.lastMs = now();
    sessions.delete(name);
    sessions.set(name, session);
  }
}
