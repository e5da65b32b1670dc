import type { Random } from "../data-plane/upstream/random.ts";
import type { Ledger } from "./ledger.ts";
import type { PolicyBook } from "./policy-book.ts";
import type { Referee } from "./referee.ts";
import type { Tally } from "./tally.ts";

/** What all clients share. */
export type World = {
  /** Where the gateway is, or what stands before it. */
  readonly origin: string;
  readonly referee: Referee;
  /** Counts what is lost whoever lives, and says it at once. */
  readonly lose: (what: string) => void;
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly policies: PolicyBook;
  readonly random: Random;
  /** Nothing new begins when it fires, and streams end. */
  readonly over: AbortSignal;
  /** Milliseconds since the load began. */
  readonly now: () => number;
  /** No two requests have the same. */
  readonly nextId: () => number;
  /** Looks for replicas that are not known yet. */
  readonly findReplicas: () => void;
  readonly streams: Set<OpenStream>;
};

/** An event stream that is held open. */
export type OpenStream = {
  readonly what: string;
  /** One that carries an event each second; others may be silent. */
  readonly isTicking: boolean;
  heardMs: number;
};

/** So many principals share the sessions of an adapter. */
const users = 8;
export const userOf = (n: number): string => `user-${n % users}`;
