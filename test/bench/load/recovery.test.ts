import { expect, test } from "bun:test";
import { jsonAnswer } from "../wire.ts";
import { driveRecovery } from "./recovery.ts";

const otherReplica = 7;

/** Sessions are by turns on a process that can be killed, and on another replica; `dead` answers for the first when it was. */
function gateway(after: { dead: (calls: number) => number; other: number; initialize: (calls: number) => number }) {
  const victim = Bun.spawn(["sleep", "60"]);
  let sessions = 0;
  let begunSince = 0;
  const callsSince = new Map<string, number>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const body = await request.text();
      const isKilled = victim.killed || victim.signalCode !== null;
      if (body.includes('"initialize"')) {
        const status = isKilled ? after.initialize(++begunSince) : 200;
        return new Response("{}", { status, headers: { "mcp-session-id": `${sessions++}` } });
      }
      const session = request.headers.get("mcp-session-id") ?? "";
      const calls = (callsSince.get(session) ?? 0) + 1;
      if (isKilled) callsSince.set(session, calls);
      const isVictims = Number(session) % 2 === 0;
      if (isKilled && isVictims) return new Response("", { status: after.dead(calls) });
      if (isKilled && after.other !== 200 && calls === 1) return new Response("", { status: after.other });
      const wire = jsonAnswer(/"id":(\d+)/.exec(body)?.[1] ?? "", isVictims ? victim.pid : otherReplica);
      return new Response(wire.slice(wire.indexOf("\r\n\r\n") + 4));
    },
  });
  const order = { door: { origins: [server.url.origin], path: "/mcp" }, sessions: 4, victimPid: victim.pid };
  return {
    order: { ...order, warmupMs: 50, watchMs: 400 },
    async [Symbol.asyncDispose]() {
      victim.kill("SIGKILL");
      await victim.exited;
      await server.stop(true);
    },
  };
}

test("sessions of the killed replica are watched until their 404, those of others go on", async () => {
  await using good = gateway({ dead: (calls) => (calls < 3 ? 502 : 404), other: 200, initialize: () => 200 });
  const figures = await driveRecovery(good.order);
  expect(figures).toMatchObject({
    lostSessions: 2,
    lostErrors: { 502: 4, 404: 2 },
    otherSessions: 2,
    otherErrors: {},
    initializeErrors: {},
    initializesWellAfterMs: 0,
  });
  expect(figures.toldAfterMs).toHaveLength(2);
  expect(figures.otherCalls).toBeGreaterThan(2);
});

test("a session that is never told is missed, and errors of others are counted", async () => {
  await using bad = gateway({ dead: () => 502, other: 503, initialize: (calls) => (calls < 3 ? 502 : 200) });
  const figures = await driveRecovery(bad.order);
  expect(figures.toldAfterMs).toEqual([]);
  expect(figures.otherErrors).toEqual({ 503: 2 });
  expect(figures.initializeErrors).toEqual({ 502: 2 });
  expect(figures.initializesWellAfterMs).toBeGreaterThan(0);
});
