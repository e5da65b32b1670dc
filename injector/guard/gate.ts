import { LRUCache } from "lru-cache";
import { headerSafe } from "../../gateway/data-plane/upstream/request-head.ts";
import { type Expected, present, verify } from "./assertion.ts";
import type { Keys } from "./keys.ts";
import { type Refused, refused } from "./refusal.ts";

/** Who the gateway says that calls, as the MCP server is told. */
export type Caller = {
  readonly state: "caller";
  /** Values of headers. */
  readonly userId: string;
  readonly roles: string;
  /** The Mcp-Session-Id that the request has to have, or none. */
  readonly session: string | undefined;
};

export type Gate = {
  /** Whom the assertion was verified for and still is, without waiting; undefined says nothing: ask `verify`. */
  known(token: string): Caller | undefined;
  verify(token: string): Promise<Caller | Refused>;
  /** A key is gone, so whatever was verified may be, too. */
  forget(): void;
};

export type GateLimits = { readonly maxTokenLength: number; readonly maxKnown: number };

/** Bun.serve takes 16 KiB of headers in all. */
export const gateLimits: GateLimits = { maxTokenLength: 12 * 1024, maxKnown: 5_000 };

type Kept = { readonly caller: Caller; readonly untilMs: number };

/** Verifies assertions, and each only once: the gateway uses one for many requests. */
export function gate({
  keys,
  expected,
  now,
  limits = gateLimits,
}: {
  keys: Pick<Keys, "find">;
  expected: Expected;
  now: () => number;
  limits?: GateLimits;
}): Gate {
  const kept = new LRUCache<string, Kept>({ max: limits.maxKnown });
  let forgotten = 0;

  return {
    known(token) {
      const known = kept.get(token);
      return known !== undefined && now() < known.untilMs ? known.caller : undefined;
    },
    async verify(token) {
      if (token.length > limits.maxTokenLength) return refused("malformed");
      const presented = present(token);
      if (presented.state === "refused") return presented;
      const before = forgotten;
      const key = await keys.find(presented.kid);
      if (!key) return refused("unknown-key");
      const verified = await verify(token, key, expected, now());
      if (verified.state === "refused") return verified;
      const { sub, roles, sid, untilMs } = verified.asserted;
      const userId = headerSafe(sub);
      const caller: Caller = { state: "caller", userId, roles: headerSafe(roles.join(",")), session: sid };
      if (before === forgotten) kept.set(token, { caller, untilMs });
      return caller;
    },
    forget() {
      forgotten++;
      kept.clear();
    },
  };
}
