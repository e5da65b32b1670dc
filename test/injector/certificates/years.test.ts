import { expect, test } from "bun:test";
import { dayMs } from "./replica.ts";
import { stage } from "./stage.ts";

const due = "renew: two thirds of its time are over";
const hourMs = dayMs / 24;

test("in 14 years of three injectors each is trusted at every moment, through every change of leaf and authority", async () => {
  const { run, steps, wrong, secret } = stage(3, 1);
  await run(14 * 365);
  expect(wrong).toEqual([]);
  const { [due]: renewals = 0, ...others } = steps();
  expect(others).toEqual({
    "begin: there is none": 1,
    prepare: 2,
    promote: 2,
    forget: 2,
    "publish 1": 3,
    "publish 2": 2,
  });
  // Each 60 days, but where an authority has changed.
  expect(renewals).toBeWithin(80, 86);
  expect(secret.trusted()).toHaveLength(1);
}, 60_000);

test("of three injectors that begin at once one makes the certificates, and all show the same", async () => {
  for (let round = 0; round < 20; round++) {
    const { replicas, secret, steps } = stage(3, round);
    secret.between = () => Bun.sleep(Math.random() * 3);
    await Promise.all(replicas.map(({ look }) => look()));
    expect(steps()).toEqual({ "begin: there is none": 1, "publish 1": 1 });
    expect(new Set(replicas.map(({ shown }) => shown?.cert)).size).toBe(1);
    expect(secret.writes).toContain("conflict");
  }
});

test("injectors that all look at once stay trusted through a change of authority", async () => {
  const { replicas, secret, wait, steps } = stage(3, 3);
  await Promise.all(replicas.map(({ look }) => look()));
  wait(6.7 * 365 * dayMs);
  secret.between = () => Bun.sleep(Math.random());
  for (let round = 0; round < 12; round++) {
    await Promise.all(replicas.map(({ look }) => look()));
    wait(10_000);
  }
  expect(steps()).toMatchObject({ prepare: 1, promote: 1 });
  expect(secret.trusted()).toHaveLength(2);
  expect(new Set(replicas.map(({ shown }) => shown?.cert)).size).toBe(1);
});

test("a new leaf by the next authority is shown when that has been trusted for a minute, not before", async () => {
  const { look, replicas, wait, wrong } = stage(1, 4);
  await look(0);
  wait(6.7 * 365 * dayMs);
  await look(0);
  const [{ shown, steps }] = replicas as [(typeof replicas)[0]];
  expect(steps.slice(2)).toEqual([`renew: it is out of its time`, "prepare", "publish 2"]);
  wait(59_000);
  await look(0);
  expect(replicas[0]?.shown).toBe(shown);
  wait(1000);
  await look(0);
  expect(steps.slice(5)).toEqual(["promote"]);
  expect(replicas[0]?.shown).not.toBe(shown);
  expect(wrong).toEqual([]);
});

test("an authority that somebody takes out of the configuration has to be trusted for a minute anew", async () => {
  const { look, secret, wait, steps, wrong } = stage(1, 4);
  await look(0);
  wait(6.7 * 365 * dayMs);
  await look(0);
  const whole = secret.bundle;
  wait(59_000);
  secret.bundle = secret.texts["ca.crt"];
  await look(0);
  expect(secret.bundle).toBe(whole as string);
  wait(59_000);
  await look(0);
  expect(steps()["promote"]).toBeUndefined();
  wait(1000);
  await look(0);
  expect(steps()["promote"]).toBe(1);
  expect(wrong).toEqual([]);
});

test.each([
  ["garbage", { "tls.crt": "garbage", "tls.key": "-----BEGIN", "ca.crt": "…", "ca.key": "", "previous-ca.json": "{" }],
  ["nothing", {}],
])("a Secret that holds %s is replaced, it is said, and nobody stops to be trusted", async (what, texts) => {
  const { look, run, replicas, secret, steps, wrong } = stage(2, 5);
  await run(1, hourMs);
  const before = replicas.map(({ shown }) => shown);
  secret.set(texts);
  await look(0);
  await look(1);
  const why =
    what === "nothing"
      ? "there is none"
      : "not usable in the Secret: ca.crt, ca.key, tls.crt, tls.key, previous-ca.json";
  expect(steps()[`begin: ${why}`]).toBe(what === "nothing" ? 2 : 1);
  expect(replicas.map(({ shown }) => shown)).toEqual(before);
  await run(1, hourMs);
  expect(replicas[0]?.shown?.cert).not.toBe(before[0]?.cert);
  expect(wrong).toEqual([]);
  await run(100);
  expect(secret.trusted()).toHaveLength(1);
});

test.each(["tls.crt", "tls.key", "next-ca.crt", "previous-ca.json"])(
  "garbage in %s alone costs no authority",
  async (name) => {
    const { run, secret, wrong, steps } = stage(2, 6);
    await run(1, hourMs);
    const authority = secret.texts["ca.crt"];
    secret.set({ ...secret.texts, [name]: "garbage" });
    await run(2, hourMs);
    expect(secret.texts["ca.crt"]).toBe(authority as string);
    expect(secret.texts[name]).not.toBe("garbage");
    expect(Object.keys(steps()).some((step) => /^(renew|mend): not usable in the Secret: .*/.test(step))).toBe(true);
    expect(wrong).toEqual([]);
  },
);

test("a leaf that somebody else has signed, or for another name, is not shown", async () => {
  const [mine, theirs] = [stage(1, 7), stage(1, 8)];
  await mine.look(0);
  await theirs.look(0);
  const before = mine.replicas[0]?.shown?.cert;
  const { "tls.crt": cert = "", "tls.key": key = "" } = theirs.secret.texts;
  mine.secret.set({ ...mine.secret.texts, "tls.crt": cert, "tls.key": key });
  await mine.look(0);
  expect(mine.replicas[0]?.shown?.cert).not.toBe(cert);
  expect(mine.replicas[0]?.shown?.cert).not.toBe(before);
  expect(mine.wrong).toEqual([]);
});

test("a configuration that was made anew is filled at the next look", async () => {
  const { look, secret, wait } = stage(1, 9);
  await look(0);
  secret.bundle = undefined;
  expect(await look(0)).toBe("there is none");
  secret.bundle = "";
  wait(5000);
  expect(await look(0)).toBeUndefined();
  expect(secret.trusted()).toHaveLength(1);
});

test("without a configuration leaves are renewed, and no authority is changed before its end", async () => {
  const { run, secret, steps, replicas, clock } = stage(1, 10);
  secret.bundle = undefined;
  await run(8 * 365);
  expect(steps()).toEqual({ "begin: there is none": 1, [due]: expect.any(Number), prepare: 1 });
  expect(replicas[0]?.shown?.untilMs).toBeGreaterThan(clock.nowMs);
}, 60_000);

test("while the API server is away what is known is shown, and what is due is done when it is back", async () => {
  const { run, secret, replicas, clock, wrong, steps } = stage(2, 11);
  await run(50, hourMs * 6);
  secret.away = true;
  const before = replicas[0]?.shown?.cert;
  await run(35, hourMs * 6);
  expect(replicas[0]?.shown?.cert).toBe(before as string);
  secret.away = false;
  await run(2, hourMs);
  expect(steps()[due]).toBe(1);
  expect(replicas.map(({ shown }) => (shown?.untilMs ?? 0) > clock.nowMs)).toEqual([true, true]);
  expect(wrong).toEqual([]);
});

test.each([
  ["11 years ahead", 11 * 365],
  ["11 years back", -11 * 365],
  ["100 days ahead", 100],
  ["100 days back", -100],
])("when the clock jumps %s, and again when it is set right, all are trusted after two looks", async (_, days) => {
  const { run, look, wait, clock, wrong, secret } = stage(3, 12);
  await run(3, hourMs);
  for (const jumpMs of [days * dayMs, -days * dayMs]) {
    clock.nowMs += jumpMs;
    for (const index of [0, 1, 2]) await look(index);
    wait(61_000);
    for (const index of [0, 1, 2]) await look(index);
    wrong.length = 0;
    await run(100, hourMs * 6);
    expect(wrong).toEqual([]);
    expect(secret.trusted().length).toBeWithin(1, 6);
  }
});
