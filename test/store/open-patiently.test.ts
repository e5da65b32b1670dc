import { expect, test } from "bun:test";
import { openLimitMs, openPatiently } from "../../gateway/store/open-patiently.ts";
import { StoreUnavailable } from "../../gateway/store/store.ts";

/** A clock that pauses move on, and what was told. */
function stand() {
  const clock = { ms: 0 };
  const told: object[] = [];
  return {
    clock,
    told,
    now: () => clock.ms,
    pause: async (ms: number) => {
      clock.ms += ms;
    },
    events: { storeNotOpened: (what: object, error: unknown) => void told.push({ ...what, error: String(error) }) },
  };
}

test("a store that comes up later is opened then, and each attempt before is told", async () => {
  const { told, ...parts } = stand();
  let attempts = 0;
  const open = async () => {
    if (++attempts < 4) throw new StoreUnavailable(`attempt ${attempts}`);
    return "open";
  };
  expect(await openPatiently({ open, ...parts })).toBe("open");
  expect(told).toEqual([
    { attempt: 1, retryInMs: 500, error: "StoreUnavailable: attempt 1" },
    { attempt: 2, retryInMs: 1000, error: "StoreUnavailable: attempt 2" },
    { attempt: 3, retryInMs: 2000, error: "StoreUnavailable: attempt 3" },
  ]);
});

test("after a minute it ends with one sentence that says what was tried, and why it failed", async () => {
  const { clock, told, ...parts } = stand();
  const open = () => Promise.reject(new StoreUnavailable("127.0.0.1:5432 refuses connections."));
  const opening = openPatiently({ open, ...parts });
  await expect(opening).rejects.toThrow(
    "The store of STORE_URL could not be opened in 60 s: 127.0.0.1:5432 refuses connections.",
  );
  expect(openLimitMs).toBe(60_000);
  expect(clock.ms).toBeGreaterThan(55_000);
  expect(clock.ms).toBeLessThanOrEqual(60_000);
  expect(told.at(-1)).toMatchObject({ retryInMs: 5000 });
});

test("what waiting does not cure ends at once", async () => {
  const { told, ...parts } = stand();
  const open = () => Promise.reject(new Error("The password is wrong."));
  await expect(openPatiently({ open, ...parts })).rejects.toThrow("The password is wrong.");
  expect(told).toEqual([]);
});
