import type { HeaderFields } from "./header-fields.ts";
import type { Principal } from "./principal.ts";

/**
 * Who a request is from. `anonymous`: it says nothing. `refused`: what it says does not hold, `reason` is for the log.
 * `unavailable`: nobody can tell now. `expiresAtMs` ends the streams that it opens.
 */
export type Identified =
  | {
      state: "known";
      principal: Principal;
      scopes: readonly string[];
      /** The URLs it may be used at; undefined: all. */
      resources: readonly string[] | undefined;
      expiresAtMs: number | undefined;
    }
  | { state: "anonymous" }
  | { state: "refused"; reason: string }
  | { state: "unavailable"; reason: string };

/** Answers at once where it can: the data plane asks for every request. */
export type Identify = (fields: HeaderFields) => Identified | Promise<Identified>;
