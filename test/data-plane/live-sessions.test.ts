import { expect, test } from "bun:test";
import { liveSessions, sessionName } from "../../gateway/data-plane/live-sessions.ts";

const minute = 60_000;
let nowMs = 0;
const sessionsWith = (maxSessions = 100) => liveSessions(() => nowMs, { silentMs: 15 * minute, maxSessions });

test("a session's name is a hash of its id, the same at every gateway", () => {
  const first = sessionsWith().used("g1.abc", "weather", "weather-0");
  expect(first).toBe("18a290eefebcbbbf");
  expect(sessionsWith().used("g1.abc", "other", "other-1")).toBe(first);
  expect(sessionName("g1.abc")).toBe(first);
});

test("sessions are counted by adapter and replica, each once, until they end", () => {
  const sessions = sessionsWith();
  for (const id of ["a", "b", "a"]) sessions.used(id, "weather", "weather-0");
  sessions.used("c", "weather", "weather-1");
  sessions.used("d", "other", "other-0");
  sessions.ended("b");
  sessions.ended("unknown");
  expect(sessions.count()).toEqual([
    { adapter: "weather", replica: "weather-0", sessions: 1 },
    { adapter: "weather", replica: "weather-1", sessions: 1 },
    { adapter: "other", replica: "other-0", sessions: 1 },
  ]);
});

test("a session that is silent for long counts no more, until it is used again", () => {
  const sessions = sessionsWith();
  sessions.used("quiet", "weather", "weather-0");
  sessions.used("busy", "weather", "weather-0");
  for (let i = 0; i < 15; i++) {
    nowMs += minute;
    sessions.used("busy", "weather", "weather-0");
  }
  nowMs += minute;
  expect(sessions.count()).toEqual([{ adapter: "weather", replica: "weather-0", sessions: 1 }]);
  sessions.used("quiet", "weather", "weather-0");
  expect(sessions.count()).toEqual([{ adapter: "weather", replica: "weather-0", sessions: 2 }]);
});

test("no more are remembered than may be: the one that was used longest ago goes", () => {
  const sessions = sessionsWith(2);
  sessions.used("a", "weather", "weather-0");
  sessions.used("b", "weather", "weather-1");
  nowMs += 2 * minute;
  sessions.used("a", "weather", "weather-0");
  sessions.used("c", "weather", "weather-2");
  expect(sessions.count().map(({ replica }) => replica)).toEqual(["weather-0", "weather-2"]);
});
