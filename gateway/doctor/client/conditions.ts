import type { Known } from "../known.ts";

// Why a step is not taken, by what is known.

/** Nothing to look at where a stranger is let in. */
export function unlessAsked({ stop, door }: Known): string | undefined {
  return stop ?? (door?.status === 401 ? undefined : "No token is asked for.");
}

export function unlessInitialized({ stop, lost, session }: Known): string | undefined {
  return stop ?? lost ?? (session ? undefined : "Initialize was not answered.");
}

export function unlessSession(known: Known): string | undefined {
  return unlessInitialized(known) ?? (known.session?.id === undefined ? "The server has no sessions." : undefined);
}

export function unlessModern({ stop, modern, brokenPromise }: Known): string | undefined {
  return stop ?? brokenPromise ?? (modern ? undefined : "The server speaks no revision from 2026-07-28 on.");
}
