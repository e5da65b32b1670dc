import type { Fate } from "./oracle.ts";

/** A replica is its process: a restarted one is another. */
export type ReplicaProcess = { adapter: string; name: string; pid: number };

/** Why a replica has to go: at once, or as soon as its sessions have had their time. */
export type Doom = "killed" | "dismissed";

type Known = ReplicaProcess & {
  aliveMs: number;
  goneMs: number | undefined;
  doom: { how: Doom; atMs: number } | undefined;
};

/** A replica that was told to end closes its connections this long before its process is gone, at most. */
const endingMs = 500;

export type Ledger = ReturnType<typeof replicaLedger>;

/** Knows of each replica whether it lives, by its process and not by what the gateway says. `now` in milliseconds. */
export function replicaLedger({
  lives,
  now,
  onUnasked,
}: {
  lives: (pid: number) => boolean;
  now: () => number;
  /** One has ended, and nobody here has asked for that. */
  onUnasked: (replica: ReplicaProcess) => void;
}) {
  const known = new Map<number, Known>();

  /** A look at all that may have ended since. */
  function look(): void {
    for (const replica of known.values()) {
      if (replica.goneMs !== undefined) continue;
      if (lives(replica.pid)) {
        replica.aliveMs = now();
        continue;
      }
      replica.goneMs = now();
      if (!replica.doom) onUnasked(replica);
    }
  }

  return {
    look,

    /** Replicas that were found; those that are known already stay as they are. */
    meet(found: readonly ReplicaProcess[]): void {
      for (const replica of found) {
        if (known.has(replica.pid)) continue;
        known.set(replica.pid, { ...replica, aliveMs: now(), goneMs: undefined, doom: undefined });
      }
    },

    /** Of an adapter, those that live and may go on living. */
    staying: (adapter: string): ReplicaProcess[] =>
      [...known.values()].filter((each) => each.adapter === adapter && each.goneMs === undefined && !each.doom),

    /** Before it happens. */
    doom(pid: number, how: Doom): void {
      const replica = known.get(pid);
      if (replica) replica.doom ??= { how, atMs: now() };
    },

    has: (pid: number): boolean => known.has(pid),

    nameOf: (pid: number | undefined): string => (pid !== undefined && known.get(pid)?.name) || "a replica",

    /** Of a process that was never met nothing is known but that it came and went. */
    fateOf(pid: number): Fate {
      const replica = known.get(pid);
      if (replica) return fateOf(replica);
      return lives(pid) ? { state: "living" } : { state: "dead", fromMs: 0, untilMs: now() };
    },

    /** Where any replica of an adapter may have answered: one that went meanwhile, if one did. */
    fateIn(adapter: string, fromMs: number, untilMs: number): Fate {
      for (const replica of known.values()) {
        const fate = replica.adapter === adapter ? fateOf(replica) : living;
        if (fate.state === "dead" && fate.fromMs <= untilMs && fate.untilMs >= fromMs) return fate;
      }
      return living;
    },
  };
}

const living: Fate = { state: "living" };

function fateOf({ aliveMs, goneMs, doom }: Known): Fate {
  if (goneMs === undefined) return living;
  // A killed process may be listed for a while, until its parent has taken note.
  const fromMs = doom?.how === "killed" ? Math.min(doom.atMs, aliveMs) : aliveMs - endingMs;
  return { state: "dead", fromMs, untilMs: goneMs };
}
