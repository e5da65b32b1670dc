import type { Principal } from "./principal.ts";

/**
 * Who a request is from. `anonymous`: it says nothing. `refused`: what it says does not hold. `unavailable`: nobody can
 * tell now. `expiresAtMs` ends the streams that it opens.
 */
export type Identified =
  | { state: "known"; principal: Principal; scopes: readonly string[]; expiresAtMs: number | undefined }
  | { state: "anonymous" }
  | { state: "refused" }
  | { state: "unavailable" };

/** Answers at once where it can: the data plane asks for every request. */
export type Identify = (headers: Headers) => Identified | Promise<Identified>;
