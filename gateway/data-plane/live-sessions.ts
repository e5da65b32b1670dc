import { createHash } from "node:crypto";

/** MCP sessions that this gateway has seen in use. */
export type LiveSessions = {
  /** A request of this session goes to its replica, or has opened it. Gives the name by which logs may speak of it. */
  used(sealed: string, adapter: string, replica: string): string;
  /** Its client has ended it, or it is lost. */
  ended(sealed: string): void;
  /** How many there are now, for each adapter and replica. */
  count(): readonly { readonly adapter: string; readonly replica: string; readonly sessions: number }[];
};

type Session = { readonly adapter: string; readonly replica: string; readonly name: string; lastMs: number };

export type LiveSessionLimits = {
  /** A session without a request for so long counts no more. An open stream alone does not show here. */
  readonly silentMs: number;
  /** The one whose last use is longest ago makes room. */
  readonly maxSessions: number;
};

export const liveSessionLimits: LiveSessionLimits = { silentMs: 15 * 60_000, maxSessions: 20_000 };

/** As long as in the audit trail. */
const nameLength = 16;

/** `now` in milliseconds. */
export function liveSessions(now: () => number, limits = liveSessionLimits): LiveSessions {
  // In the order of their last use.
  const sessions = new Map<string, Session>();

  return {
    used(sealed, adapter, replica) {
      const known = sessions.get(sealed);
      const session = known ?? { adapter, replica, name: sessionName(sealed), lastMs: 0 };
      const nowMs = now();
      // Moving it to the end for every request would be in vain.
      if (known && nowMs - known.lastMs < limits.silentMs / 10) return known.name;
      session.lastMs = nowMs;
      sessions.delete(sealed);
      sessions.set(sealed, session);
      const [oldest] = sessions.keys();
      if (sessions.size > limits.maxSessions && oldest !== undefined) sessions.delete(oldest);
      return session.name;
    },
    ended: (sealed) => void sessions.delete(sealed),
    count() {
      const oldestMs = now() - limits.silentMs;
      const counted = new Map<string, { adapter: string; replica: string; sessions: number }>();
      for (const [sealed, { adapter, replica, lastMs }] of sessions) {
        if (lastMs < oldestMs) {
          sessions.delete(sealed);
          continue;
        }
        const key = `${adapter}/${replica}`;
        const count = counted.get(key) ?? { adapter, replica, sessions: 0 };
        count.sessions++;
        counted.set(key, count);
      }
      return [...counted.values()];
    },
  };
}

/** A short hash of a session's id: the id itself opens the session. */
export function sessionName(sealed: string): string {
  return createHash("sha256").update(sealed).digest("hex").slice(0, nameLength);
}
