import { expect, test } from "bun:test";
import { looking } from "../../../injector/certificates/looking.ts";
import { serverClock } from "../../../injector/certificates/server-clock.ts";
import { fakeTime } from "../../runtime/kubernetes/api/fake-time.ts";

test("a failure is told once, until it is another one or over, also one that is thrown", async () => {
  const time = fakeTime();
  const answers = ["away", "away", new Error("forbidden"), "forbidden", undefined, undefined, "away"];
  const told: string[] = [];
  let looks = 0;
  await using _ = looking({
    async look() {
      const answer = answers[looks++];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    everyMs: 1000,
    random: () => 0.5,
    pause: time.pause,
    events: { certificatesFailed: (reason) => told.push(reason), certificatesWell: () => told.push("well") },
  });
  await time.forward(6500);
  expect(looks).toBe(7);
  expect(told).toEqual(["away", "forbidden", "well", "away"]);
});

test("the time is that of the API server, however wrong ours may be", async () => {
  const dates = ["Tue, 01 Dec 2026 12:00:00 GMT", undefined, "nonsense", "Tue, 01 Dec 2026 13:00:00 GMT"];
  let ownMs = Date.parse("1970-01-02T00:00:00Z");
  const clock = serverClock({
    fetch: async () => {
      const date = dates.shift();
      return new Response("", date === undefined ? {} : { headers: { date } });
    },
    now: () => ownMs,
  });
  const seen = () => new Date(clock.now()).toISOString();
  expect(seen()).toBe("1970-01-02T00:00:00.000Z");
  await clock.fetch("https://api", {});
  expect(seen()).toBe("2026-12-01T12:00:00.000Z");
  ownMs += 5000;
  await clock.fetch("https://api", {});
  await clock.fetch("https://api", {});
  expect(seen()).toBe("2026-12-01T12:00:05.000Z");
  // Set right.
  ownMs = Date.parse("2026-12-01T13:00:00Z");
  await clock.fetch("https://api", {});
  expect(seen()).toBe("2026-12-01T13:00:00.000Z");
});
