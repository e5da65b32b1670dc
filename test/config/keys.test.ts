import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lookEveryMs } from "../../gateway/config/watched-file.ts";
import { seal } from "../../gateway/data-plane/seal.ts";
import { openKeys } from "../../gateway/keys.ts";
import { startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";

const [one, two, three] = ["1".repeat(32), "2".repeat(32), "3".repeat(32)] as const;
const scope = { adapterUid: "5b0f6c9e-0000-4000-8000-000000000001", principalKey: "dev:ada" };
const pin = { replica: "r", session: "s", issuedAtMs: 1_000_000 };

/** Keys in a file as a cluster mounts it, looked at when the test says so. */
async function openStand() {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await temporaryDirectory());
  const file = join(directory.path, "keys");
  let versions = 0;
  /** As the kubelet does: a new folder, and the link to it replaced in one step. */
  async function mount(text: string): Promise<void> {
    const folder = `..version-${++versions}`;
    await mkdir(join(directory.path, folder));
    await writeFile(join(directory.path, folder, "keys"), text);
    await symlink(folder, join(directory.path, "..data_tmp"));
    await rename(join(directory.path, "..data_tmp"), join(directory.path, "..data"));
  }
  await symlink("..data/keys", file);
  await mount(`${one}\n`);

  const told: unknown[] = [];
  const clock = { everyMs: 0, look: async () => {}, stopped: false };
  const keys = await openKeys(
    { gatewayKeys: { kind: "watched", file, keys: [one] }, dataDirectory: directory.path },
    {
      gatewayKeysChanged: ({ file: _, ...what }) => void told.push(what),
      gatewayKeysUnusable: (what) => void told.push(what),
    },
    (ms, look) => {
      Object.assign(clock, { everyMs: ms, look });
      return () => Object.assign(clock, { stopped: true });
    },
  );
  opening.use(keys);
  const opened = opening.move();
  return {
    file,
    keys,
    clock,
    told,
    mount,
    look: () => clock.look(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

test("a changed file takes effect: the new key seals, sessions of the old one open while it is in the file", async () => {
  await using stand = await openStand();
  expect(stand.clock.everyMs).toBe(lookEveryMs);
  expect(lookEveryMs).toBe(5000);
  const { secrets } = stand.keys;
  const gateway = seal({ secrets, now: () => 1_000_000, randomBytes });
  const old = gateway.close(pin, scope);

  await stand.mount(`${two}\n${one}\n`);
  await stand.look();
  expect(stand.told).toEqual([{ keys: 2, added: 1, removed: 0 }]);
  expect(gateway.open(old, scope)).toEqual(pin);
  const fresh = gateway.close(pin, scope);
  const withOnly = (secret: string) => seal({ secrets: [secret], now: () => 1_000_000, randomBytes });
  expect(withOnly(two).open(fresh, scope)).toEqual(pin);
  expect(withOnly(one).open(fresh, scope)).toBe("unknown-key");

  await stand.mount(two);
  await stand.look();
  expect(stand.told[1]).toEqual({ keys: 1, added: 0, removed: 1 });
  expect(gateway.open(old, scope)).toBe("unknown-key");
  expect(gateway.open(fresh, scope)).toEqual(pin);
});

test("keys in another order are a change, the same keys written otherwise are none", async () => {
  await using stand = await openStand();
  await stand.mount(`${one},${two}`);
  await stand.look();
  const before = stand.keys.secrets();
  await stand.mount(` ${one} \r\n${two}\r\n`);
  await stand.look();
  expect(stand.keys.secrets()).toBe(before);
  await stand.mount(`${two},${one}`);
  await stand.look();
  expect(stand.told).toEqual([
    { keys: 2, added: 1, removed: 0 },
    { keys: 2, added: 0, removed: 0 },
  ]);
  expect(before).toEqual([one, two]);
  expect(stand.keys.secrets()).toEqual([two, one]);
});

test("a broken or missing file is told once, and the last good keys stay", async () => {
  await using stand = await openStand();
  const { file } = stand;
  await stand.mount(`${three}\nshort`);
  await stand.look();
  await stand.look();
  await rm(file);
  await stand.look();
  await stand.look();
  expect(stand.keys.secrets()).toEqual([one]);
  await writeFile(file, "");
  await stand.look();
  await writeFile(file, three);
  await stand.look();
  expect(stand.told).toEqual([
    { file, kept: 1, reason: "each key needs 32 characters or more, from a random source" },
    { file, kept: 1, reason: `${file} cannot be read (ENOENT)` },
    { file, kept: 1, reason: "there is no key in it" },
    { keys: 1, added: 1, removed: 1 },
  ]);
  expect(stand.keys.secrets()).toEqual([three]);
});

test("a volume that answers slowly is asked once at a time", async () => {
  await using stand = await openStand();
  const first = stand.clock.look();
  expect(stand.clock.look()).toBe(first);
  await first;
});

test("nobody looks after the gateway has closed", async () => {
  const stand = await openStand();
  await stand[Symbol.asyncDispose]();
  expect(stand.clock.stopped).toBe(true);
  await stand.look();
  expect(stand.told).toEqual([]);
});

test("without a setting, keys are made once, for the owner's eyes", async () => {
  await using directory = await temporaryDirectory();
  const events = { gatewayKeysChanged: () => {}, gatewayKeysUnusable: () => {} };
  const open = () => openKeys({ gatewayKeys: { kind: "kept" }, dataDirectory: directory.path }, events);
  const made = (await open()).secrets();
  expect(made).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
  expect((await open()).secrets()).toEqual(made);
  expect((await stat(join(directory.path, "gateway.keys"))).mode & 0o777).toBe(0o600);
});

test("a gateway that runs takes a changed file without a restart, and logs no key", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "keys");
  await writeFile(file, one);
  await using gateway = await startGatewayProcess(join(directory.path, "data"), { GATEWAY_KEYS_FILE: file });
  await writeFile(join(directory.path, "next"), `${two}\n${one}\n`);
  await rename(join(directory.path, "next"), file);
  const line = await until("the keys have changed", () => /.*gateway keys changed.*/.exec(gateway.log())?.[0]);
  expect(JSON.parse(line)).toMatchObject({ file, keys: 2, added: 1, removed: 0 });
  expect(gateway.log()).not.toMatch(/1{32}|2{32}/);
}, 30_000);
