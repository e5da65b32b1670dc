import { expect, test } from "bun:test";
import { allowedCores } from "../proc.ts";
import { finished, small } from "../small-run.ts";

test.if(allowedCores().length > 1)(
  "large answers arrive whole, every call has a connection of its own, and upstreams see each client leave",
  async () => {
    const { parts, leftovers } = await finished([...small, "--only", "large,churn,abort", "--aborts", "2"]);
    const [large, churn, abort] = parts;
    expect(large.rows).toMatchObject([
      { target: "direct", failed: 0 },
      { target: "fetch", failed: 0 },
    ]);
    expect(churn.rows).toMatchObject([
      { target: "direct", failed: 0 },
      { target: "fetch", failed: 0 },
    ]);
    expect(churn.rows[0].connectsPerRequest.median).toBeGreaterThan(0.9);
    expect(churn.rows[1].connectsPerRequest.median).toBeLessThan(0.9);
    expect(abort.rows).toMatchObject([
      { target: "direct", phase: "before the head", unseen: 0 },
      { target: "direct", phase: "mid-body", unseen: 0 },
      { target: "direct", phase: "silent stream", unseen: 0 },
      { target: "fetch", phase: "before the head", unseen: 0 },
      { target: "fetch", phase: "mid-body", unseen: 0 },
      { target: "fetch", phase: "silent stream", unseen: 0 },
    ]);
    expect(leftovers).toEqual([]);
  },
  60_000,
);

test.if(allowedCores().length > 1)(
  "a gateway is asked among more adapters, and loses a replica while sessions call it",
  async () => {
    const { parts, leftovers } = await finished([
      ...[...small, "--targets", "gateway", "--only", "adapters,recovery"],
      ...["--adapters", "3,5", "--watch-seconds", "1"],
    ]);
    const [adapters, recovery] = parts;
    expect(adapters.rows).toMatchObject([
      { adapters: 3, failed: 0 },
      { adapters: 5, failed: 0 },
    ]);
    const [{ told, lostSessions, otherSessions, otherErrors }] = recovery.rows;
    expect(told).toBe(lostSessions);
    expect(lostSessions + otherSessions).toBe(30);
    expect(otherErrors).toEqual({});
    expect(leftovers).toEqual([]);
  },
  90_000,
);
