import { expect, test } from "bun:test";
import { openSessions } from "../../gateway/data-plane/limits/open-sessions.ts";

function stand(limit: number, keysAtMost?: number) {
  const clock = { ms: 1_000_000 };
  const sessions = openSessions({ limit, now: () => clock.ms, keysAtMost });
  /** Opens a session, or says how long to wait. */
  const open = (id: string, key = "ada"): "opened" | number => {
    const opening = sessions.open(key);
    if (opening.state === "limited") return opening.retryAfterSeconds;
    opening.opened(id);
    opening[Symbol.dispose]();
    return "opened";
  };
  return { clock, sessions, open };
}

test("so many sessions are open at once; one that ends makes room, on its own key only", () => {
  const { sessions, open } = stand(2);
  expect([open("1"), open("2"), open("3"), open("1", "bob")]).toEqual(["opened", "opened", 900, "opened"]);
  sessions.ended("bob", "2");
  expect(open("3")).toBe(900);
  sessions.ended("ada", "2");
  expect([open("3"), open("4")]).toEqual(["opened", 900]);
});

test("those that are being opened at the same moment count, until they have failed", () => {
  const { sessions } = stand(2);
  const first = sessions.open("ada");
  const second = sessions.open("ada");
  expect(sessions.open("ada")).toEqual({ state: "limited", what: "sessions", limit: 2, retryAfterSeconds: 1 });
  for (const opening of [first, first]) if (opening.state === "opening") opening[Symbol.dispose]();
  expect([sessions.open("ada").state, sessions.open("ada").state]).toEqual(["opening", "limited"]);
  if (second.state === "opening") second[Symbol.dispose]();
  expect([sessions.open("ada").state, sessions.open("ada").state]).toEqual(["opening", "limited"]);
});

test("a session that is silent for 15 minutes counts no longer, and again once it is used", () => {
  const { clock, sessions, open } = stand(2);
  open("1");
  clock.ms += 300_000;
  open("2");
  expect(open("3")).toBe(600);
  clock.ms += 1_000;
  sessions.saw("ada", "1");
  clock.ms += 598_000;
  expect(open("3")).toBe(301);
  clock.ms += 301_000;
  expect([open("3"), open("4")]).toEqual(["opened", 1]);
  clock.ms += 1_000;
  expect(open("4")).toBe("opened");
  clock.ms += 900_000;
  sessions.saw("ada", "1");
  expect([open("5"), open("6")]).toEqual(["opened", 900]);
});

test("sessions that another gateway opened count from their first use here, and never beyond the limit", () => {
  const { sessions, open } = stand(2);
  for (const id of ["1", "2", "3", "4"]) sessions.saw("ada", id);
  expect(open("5")).toBe(900);
  sessions.ended("ada", "1");
  expect(open("5")).toBe("opened");
});

test("of too many keys the oldest is forgotten, and what was being opened there harms nobody", () => {
  const { sessions, open } = stand(1, 2);
  const opening = sessions.open("ada");
  open("1", "bob");
  open("1", "cleo");
  const again = sessions.open("ada");
  expect(again.state).toBe("opening");
  if (opening.state === "opening") opening[Symbol.dispose]();
  expect(sessions.open("ada").state).toBe("limited");
});
