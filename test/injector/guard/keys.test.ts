import { afterEach, beforeEach, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { jwksOf } from "../../../gateway/assertion/jwks.ts";
import { type SigningKey, signingKeyFrom } from "../../../gateway/assertion/keys.ts";
import { gate } from "../../../injector/guard/gate.ts";
import { openKeys } from "../../../injector/guard/keys.ts";
import { until } from "../../support/until.ts";
import { audience, claims, gatewayKey, jws, keyVolume, podUid, startGuard } from "./support.ts";

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const nextKey = signingKeyFrom("the gateway's next key");
const foreignKey = signingKeyFrom("another gateway's key");
const assertion = (key: SigningKey) => jws(claims(), {}, key);

async function guardWith(keys: readonly SigningKey[] | string | undefined) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("let in") });
  stack.defer(() => server.stop(true));
  const volume = stack.use(await keyVolume());
  if (keys !== undefined) await volume.publish(keys);
  const guard = stack.use(await startGuard(`http://127.0.0.1:${server.port}`, volume.file));
  const statusWith = async (token: string) =>
    (await fetch(`${guard.url}/mcp`, { method: "POST", headers: { "mcp-gateway-assertion": token }, body: "{}" }))
      .status;
  return { guard, volume, statusWith };
}

test("keys change under traffic, by a symbolic link above the file, and nobody is refused", async () => {
  const { guard, volume, statusWith } = await guardWith([gatewayKey]);
  let signing = gatewayKey;
  let asked = 0;
  const refused: number[] = [];
  const changing = new AbortController();
  const traffic = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!changing.signal.aborted) {
        const status = await statusWith(assertion(signing));
        asked++;
        if (status !== 200) refused.push(status);
      }
    }),
  );
  const asks = (more: number) => {
    const enough = asked + more;
    return until("traffic", () => asked >= enough);
  };
  await asks(100);
  await volume.publish([nextKey, gatewayKey]);
  // At once: a key that nobody knows is looked for.
  signing = nextKey;
  await asks(300);
  await volume.publish([nextKey]);
  await until("the old key is gone", async () => (await guard.metrics()).get("mcp_guard_keys") === 1);
  await asks(100);
  changing.abort();
  await traffic;
  expect(refused).toEqual([]);
  expect(await statusWith(assertion(gatewayKey))).toBe(403);
  expect(await statusWith(assertion(nextKey))).toBe(200);
});

test("what was verified with a key that is gone is refused from then on", async () => {
  const { volume, statusWith } = await guardWith([gatewayKey, nextKey]);
  const token = assertion(gatewayKey);
  expect(await statusWith(token)).toBe(200);
  await volume.publish([nextKey]);
  await until("it is refused", async () => (await statusWith(token)) === 403);
});

test("without keys nobody gets in, until they are there", async () => {
  const { guard, volume, statusWith } = await guardWith(undefined);
  const response = await fetch(`${guard.url}/mcp`, { headers: { "mcp-gateway-assertion": assertion(gatewayKey) } });
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("5");
  expect(await response.text()).toBe(
    '{"jsonrpc":"2.0","error":{"code":-32603,"message":"The guard of the MCP server has no keys yet"},"id":null}',
  );
  for (const token of ["", "nonsense", assertion(foreignKey)]) expect(await statusWith(token)).toBe(503);
  expect((await fetch(`${guard.url}/mcp`)).status).toBe(503);
  expect((await guard.metrics()).get('mcp_guard_refused_total{reason="no-keys"}')).toBe(5);
  const unready = await fetch(`${guard.healthUrl}/readyz`);
  expect(unready.status).toBe(503);
  expect(await unready.text()).toContain("no keys");
  await volume.publish([gatewayKey]);
  await until("it is ready", async () => (await fetch(`${guard.healthUrl}/readyz`)).status === 200);
  expect(await statusWith(assertion(gatewayKey))).toBe(200);
});

test.each([
  ["is not there any more", (file: string) => rm(file), "cannot be read (ENOENT)"],
  ["is no JSON", "keys: []", "is no JWK Set"],
  ["is no JWK Set", '{"kty":"OKP"}', "is no JWK Set"],
  ["is far too large", `${JSON.stringify({ keys: [] })}${" ".repeat(70_000)}`, "has more than 65536 bytes"],
])("a file that %s changes nothing, and the log says why", async (_how, change, why) => {
  const { guard, volume, statusWith } = await guardWith([gatewayKey]);
  if (typeof change === "string") await volume.publish(change);
  else await change(volume.file);
  // An unknown key has the file read.
  expect(await statusWith(assertion(foreignKey))).toBe(403);
  expect(await statusWith(assertion(gatewayKey))).toBe(200);
  const line = await until("it is said", () => /{.*those known stay in use.*}/.exec(guard.log())?.[0]);
  expect(JSON.parse(line)).toMatchObject({ level: 40, reason: expect.stringContaining(why), kept: 1 });
});

test("what is wrong with the file is said when it begins, and that it is over", async () => {
  const said: string[] = [];
  let text: string | Error = jwksOf([{ ...gatewayKey, sinceMs: 0 }]);
  let nowMs = 0;
  const keys = stack.use(
    await openKeys({
      read: async () => {
        if (text instanceof Error) throw text;
        return text;
      },
      now: () => nowMs,
      events: {
        keysRead: ({ keys, added, removed }) => said.push(`${keys} keys, ${added} added, ${removed} removed`),
        keysUnreadable: ({ reason, kept }) => said.push(`${reason}, ${kept} kept`),
      },
      onRemoved: () => void said.push("removed"),
      limits: { lookEveryMs: 1_000_000, unknownKeyEveryMs: 1000 },
    }),
  );
  const published = text;
  for (const next of [new Error("gone"), new Error("gone"), "nonsense", "nonsense", published, published, jwksOf([])]) {
    text = next;
    nowMs += 1000;
    await keys.find("unknown");
  }
  expect(said).toEqual([
    "1 keys, 1 added, 0 removed",
    "gone, 1 kept",
    "is no JWK Set, 1 kept",
    "1 keys, 0 added, 0 removed",
    "removed",
    "0 keys, 0 added, 1 removed",
  ]);
});

test("keys of other kinds, broken ones and those of others in the file do no harm", async () => {
  const good = JSON.parse(jwksOf([{ ...gatewayKey, sinceMs: 0 }])).keys[0];
  const others = [
    { kty: "RSA", kid: "rsa", n: "AQAB", e: "AQAB" },
    { kty: "OKP", crv: "X25519", kid: "x", x: gatewayKey.x },
    { kty: "OKP", crv: "Ed25519", kid: "short", x: "AAAA" },
    { kty: "OKP", crv: "Ed25519", x: nextKey.x },
    { kty: "oct", kid: "secret", k: "AAAA" },
    "no key",
    null,
  ];
  const { guard, statusWith } = await guardWith(JSON.stringify({ keys: [...others, good] }));
  expect((await guard.metrics()).get("mcp_guard_keys")).toBe(1);
  expect(await statusWith(assertion(gatewayKey))).toBe(200);
  for (const kid of ["rsa", "x", "short", "secret"]) expect(await statusWith(jws(claims(), { kid }))).toBe(403);
});

test("unknown keys have the file read no more than once a second, however many ask", async () => {
  let reads = 0;
  let nowMs = 0;
  const keys = stack.use(
    await openKeys({
      read: async () => {
        reads++;
        return jwksOf([]);
      },
      now: () => nowMs,
      events: { keysRead() {}, keysUnreadable() {} },
      onRemoved() {},
      limits: { lookEveryMs: 1_000_000, unknownKeyEveryMs: 1000 },
    }),
  );
  expect(reads).toBe(1);
  const search = () => Promise.all(Array.from({ length: 100 }, () => keys.find("unknown")));
  await search();
  await search();
  nowMs = 999;
  await search();
  expect(reads).toBe(2);
  nowMs = 1000;
  await search();
  expect(reads).toBe(3);
});

test("an assertion is verified once, and again when a key has gone meanwhile", async () => {
  const { promise: found, resolve: find } = Promise.withResolvers<void>();
  let searches = 0;
  const key = await crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x: gatewayKey.x }, "Ed25519", false, [
    "verify",
  ]);
  const keys = {
    async find() {
      searches++;
      await found;
      return key;
    },
  };
  const { known, verify, forget } = gate({ keys, expected: { audience, pod: podUid }, now: Date.now });
  const token = assertion(gatewayKey);
  const verifying = verify(token);
  forget();
  find();
  expect(await verifying).toMatchObject({ state: "caller", userId: "ada" });
  expect(known(token)).toBeUndefined();
  await verify(token);
  expect(known(token)).toEqual({ state: "caller", userId: "ada", roles: "mcp.dev", session: undefined });
  expect(searches).toBe(2);
  forget();
  expect(known(token)).toBeUndefined();
});

test("no more assertions are kept than the limit, and none beyond its time", async () => {
  let nowMs = Date.now();
  const key = await crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x: gatewayKey.x }, "Ed25519", false, [
    "verify",
  ]);
  const { known, verify } = gate({
    keys: { find: async () => key },
    expected: { audience, pod: podUid },
    now: () => nowMs,
    limits: { maxTokenLength: 1000, maxKnown: 2 },
  });
  const tokens = ["a", "b", "c"].map((sub) => jws(claims({ sub })));
  for (const token of tokens) await verify(token);
  expect(tokens.map((token) => known(token) !== undefined)).toEqual([false, true, true]);
  nowMs += 71_000;
  expect(tokens.map((token) => known(token) !== undefined)).toEqual([false, false, false]);
});
