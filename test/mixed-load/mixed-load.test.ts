import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type Load, run } from "./run.ts";
import { openStand } from "./stand.ts";
import { summaryText } from "./summary.ts";
import { spoilingProxy } from "./spoiling-proxy.ts";

const small: Load = {
  ...{ minutes: 4 / 60, rate: 60, streams: 12, sessions: 12, replicas: 2, chaosSeconds: 1, seed: 1, idleSeconds: 0 },
};

async function smallStand() {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(`${tmpdir()}/mixed-load-`);
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const stand = opening.use(await openStand({ folder, replicas: 2, guard: false, signal: never }));
  const opened = opening.move();
  return { stand, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const never = new AbortController().signal;
const hasProc = process.platform === "linux";

test.if(hasProc)(
  "a replica is killed and an adapter scaled while clients call, stream and leave: nothing is lost",
  async () => {
    await using at = await smallStand();
    const load = { ...small, only: ["kill", "scale"] as const };
    const summary = await run(at.stand, load, { signal: never, say: () => {} });
    expect(summary.tally.losses()).toEqual([]);
    expect(summary.blows.map(({ what }) => what.split(" ")[0]).slice(0, 2)).toEqual(["killed", "scaled"]);
    const right = (kind: string) => summary.tally.counts().get(kind)?.right ?? 0;
    for (const kind of ["session call", "modern call", "router call", "abort", "after an abort", "large answer"])
      expect({ kind, right: right(kind) > 0 }).toEqual({ kind, right: true });
    expect(summary.tally.figure("events")).toBeGreaterThan(0);
    expect(summaryText({ ...summary, grown: [] })).toEndWith("nothing was lost, nothing has grown");
  },
  60_000,
);

test.if(hasProc)(
  "what a proxy spoils on the way is found: a session's 404, an answer of another replica, an event that never comes",
  async () => {
    await using at = await smallStand();
    await using proxy = spoilingProxy(at.stand.origin);
    const said: string[] = [];
    const load = { ...small, chaosSeconds: 3600 };
    const { tally } = await run(at.stand, load, {
      signal: never,
      say: (line) => said.push(line),
      origin: proxy.origin,
    });
    const losses = tally.losses().map(({ what }) => what);
    expect(losses).toContainEqual(
      expect.stringMatching(/^session call, .*it was answered 404, though its replica lives/),
    );
    expect(losses).toContainEqual(expect.stringMatching(/^session call, .*process 1 answered/));
    expect(losses).toContainEqual(expect.stringMatching(/^event, stream of .*1 missing before 3/));
    expect(losses).toHaveLength(3);
    expect(said.join("\n")).toContain("LOST session call");
  },
  60_000,
);
