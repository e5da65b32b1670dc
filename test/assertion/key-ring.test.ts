import { expect, test } from "bun:test";
import { openKeyRing } from "../../gateway/assertion/key-ring.ts";
import { type PublishedKey, signingKeyFrom } from "../../gateway/assertion/keys.ts";

const [old, fresh] = ["the old gateway key, long enough of course", "the new gateway key, long enough of course"];
const [oldKid, freshKid] = [old, fresh].map((secret) => signingKeyFrom(secret as string).kid) as [string, string];
const settleMs = 100_000;

/** A board in memory, a clock, and settings that may change. */
async function openStand({ leads = true, fails = false } = {}) {
  const said: string[] = [];
  let look = () => undefined as unknown;
  let led = () => undefined as unknown;
  const stand = {
    nowMs: 1_790_000_000_000,
    secrets: [old] as string[],
    keys: [] as readonly PublishedKey[],
    writes: 0,
    leads,
    fails,
    said,
  };
  const ring = await openKeyRing({
    secrets: () => stand.secrets,
    board: {
      published: () => stand.keys,
      async publish(keys) {
        stand.writes++;
        if (stand.fails) throw new Error("forbidden");
        stand.keys = keys;
      },
    },
    leadership: {
      leading: () => stand.leads,
      onChange(listener) {
        led = listener;
        return () => undefined;
      },
    },
    limits: { settleMs },
    now: () => stand.nowMs,
    events: {
      guardKeysPublished: ({ keys }) => said.push(`published ${keys}`),
      guardKeyChanged: ({ signing }) => said.push(`signs with ${signing}`),
      guardKeysNotPublished: (reason) => said.push(reason),
    },
    every(_, given) {
      look = given;
      return () => undefined;
    },
  });
  return {
    stand,
    ring,
    led: () => led(),
    look: async () => void (await look()),
    kids: () => stand.keys.map(({ kid }) => kid),
  };
}

test("the first key is published and signed with at once", async () => {
  const { ring, kids, stand } = await openStand();
  await using _ = ring;
  expect(kids()).toEqual([oldKid]);
  expect(ring.signing().kid).toBe(oldKid);
  expect(stand.said).toEqual(["published 1"]);
});

test("a replaced key signs until guards know the new one, and goes when its last assertion is over", async () => {
  const { ring, kids, stand, look } = await openStand();
  await using _ = ring;
  stand.nowMs += 1_000_000;
  stand.secrets = [fresh as string];
  await look();
  expect(kids()).toEqual([freshKid, oldKid]);
  stand.nowMs += settleMs - 1;
  await look();
  expect(ring.signing().kid).toBe(oldKid);
  stand.nowMs += 1;
  await look();
  expect(ring.signing().kid).toBe(freshKid);
  expect(kids()).toEqual([freshKid, oldKid]);
  stand.nowMs += 70_000;
  await look();
  expect(kids()).toEqual([freshKid]);
  expect(ring.signing().kid).toBe(freshKid);
  expect(stand.said).toEqual(["published 1", "published 2", `signs with ${freshKid}`, "published 1"]);
});

test("only the gateway that leads publishes, and it does as soon as it comes to lead", async () => {
  const { ring, stand, look, led } = await openStand({ leads: false });
  await using _ = ring;
  await look();
  expect(stand.writes).toBe(0);
  stand.leads = true;
  led();
  expect(stand.writes).toBe(1);
});

test("keys that cannot be published are told, and tried again after a while", async () => {
  const { ring, stand, look } = await openStand({ fails: true });
  await using _ = ring;
  expect(stand.said).toEqual(["forbidden"]);
  stand.fails = false;
  stand.nowMs += 9_999;
  await look();
  expect(stand.writes).toBe(1);
  stand.nowMs += 1;
  await look();
  expect(stand.said).toEqual(["forbidden", "published 1"]);
});
