import { expect, test } from "bun:test";
import type { Fetch } from "../../../gateway/auth/oidc/key-reading.ts";
import { claimsOf, internet, outcomeOf, signer, startSeconds, verifierOn } from "./support.ts";

const issuer = "https://id.example.com";
const mcp = "https://mcp.example.com";
const settings = [{ kind: "oidc" as const, issuer, audiences: [mcp] }];
const minute = 60_000;

const first = await signer("RS256", "first");
const second = await signer("RS256", "second");
/** A token of its own each time, so that no cache knows it. */
let count = 0;
const token = (by: typeof first) => by.sign(claimsOf(issuer, mcp, { jti: `${++count}`, exp: startSeconds + 86_400 }));

/** Never answers. */
const silence: Fetch = (_url, { signal }) =>
  new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
const down = () => Promise.reject(new TypeError("Unable to connect"));

async function world() {
  const { fetch, siteOf } = internet([issuer]);
  const site = siteOf(issuer);
  site.keys = [first.jwk];
  return { fetch, site };
}

/** Lets what has begun come to its end: fetches here answer at once. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("20 concurrent first requests ask for discovery once and for the keys once", async () => {
  const { fetch, site } = await world();
  site.discovery = down;
  await using gateway = await verifierOn(fetch, settings);
  site.discovery = undefined;
  site.asked.discovery = 0;
  gateway.time.forward(6_000);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => token(first)));
  const outcomes = await Promise.all(tokens.map((one) => outcomeOf(gateway.verifier, one)));
  expect(outcomes).toEqual(Array.from({ length: 20 }, () => "u-1"));
  expect(site.asked).toEqual({ discovery: 1, jwks: 1 });
});

test("an issuer that is down at the start keeps nobody from starting; its tokens are unavailable, not refused", async () => {
  const { fetch, site } = await world();
  site.discovery = down;
  await using gateway = await verifierOn(fetch, settings);
  expect(gateway.verifier.ready()).toBe(false);
  expect(await gateway.verifier.verify(await token(first))).toEqual({
    state: "unavailable",
    reason: "Unable to connect",
  });
  site.discovery = undefined;
  gateway.time.forward(5_000);
  expect(await outcomeOf(gateway.verifier, await token(first))).toBe("u-1");
  expect(gateway.verifier.ready()).toBe(true);
  expect(gateway.heard).toEqual(["unreadable, 0 kept: Unable to connect", "read 1"]);
});

test("while the issuer is down, known keys go on and unknown ones are unavailable", async () => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  site.discovery = down;
  for (let minutes = 0; minutes < 20; minutes++) {
    gateway.time.forward(minute);
    await settled();
    expect(await outcomeOf(gateway.verifier, await token(first))).toBe("u-1");
  }
  expect(site.asked.jwks).toBe(1);
  expect(await outcomeOf(gateway.verifier, await token(second))).toBe("unavailable");
  expect(gateway.heard.slice(0, 2)).toEqual(["read 1", "unreadable, 1 kept: Unable to connect"]);
  site.discovery = undefined;
  site.keys = [first.jwk, second.jwk];
  gateway.time.forward(minute);
  expect(await outcomeOf(gateway.verifier, await token(second))).toBe("u-1");
});

test("during an outage the issuer is asked every 5 seconds at most, however many ask", async () => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  site.discovery = down;
  gateway.time.forward(31_000);
  for (let asked = 0; asked < 10; asked++) await gateway.verifier.verify(await token(second));
  expect(site.asked.discovery).toBe(2);
});

test("a rotated key is known without a restart, by one reading for all who ask", async () => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  site.keys = [first.jwk, second.jwk];
  gateway.time.forward(30_000);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => token(second)));
  const outcomes = await Promise.all(tokens.map((one) => outcomeOf(gateway.verifier, one)));
  expect(new Set(outcomes)).toEqual(new Set(["u-1"]));
  expect(site.asked.jwks).toBe(2);
});

test("keys that nobody knows cause one reading in 30 seconds", async () => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  gateway.time.forward(29_999);
  expect(await outcomeOf(gateway.verifier, await token(second))).toBe("unknown-key");
  expect(site.asked.jwks).toBe(1);
  gateway.time.forward(1);
  for (let asked = 0; asked < 10; asked++) await gateway.verifier.verify(await token(second));
  expect(site.asked.jwks).toBe(2);
});

test("keys are read again every 10 minutes, before anybody asks", async () => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  site.keys = [second.jwk];
  gateway.time.forward(10 * minute - 1);
  await settled();
  expect(site.asked.jwks).toBe(1);
  gateway.time.forward(1);
  await settled();
  expect(site.asked.jwks).toBe(2);
});

test("a reading that failed is repeated every 30 seconds, before anybody asks", async () => {
  const { fetch, site } = await world();
  site.jwks = down;
  await using gateway = await verifierOn(fetch, settings);
  site.jwks = undefined;
  gateway.time.forward(29_999);
  await settled();
  expect(gateway.verifier.ready()).toBe(false);
  gateway.time.forward(1);
  await settled();
  expect(gateway.verifier.ready()).toBe(true);
});

test("a withdrawn key ends the tokens that it signed, the remembered ones too", async () => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  const old = await token(first);
  expect(await outcomeOf(gateway.verifier, old)).toBe("u-1");
  site.keys = [second.jwk];
  gateway.time.forward(10 * minute);
  await settled();
  expect(gateway.verifier.known(old)).toBeUndefined();
  expect(await outcomeOf(gateway.verifier, old)).toBe("unknown-key");
});

test("a token under verification while its key is withdrawn is not remembered", async () => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  const old = await token(first);
  const verify = crypto.subtle.verify;
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  crypto.subtle.verify = async (...given: Parameters<typeof verify>) => {
    reached.resolve();
    await released.promise;
    return verify.apply(crypto.subtle, given);
  };
  try {
    const outcome = outcomeOf(gateway.verifier, old);
    await reached.promise;
    site.keys = [second.jwk];
    gateway.time.forward(10 * minute);
    await settled();
    released.resolve();
    expect(await outcome).toBe("u-1");
  } finally {
    crypto.subtle.verify = verify;
  }
  expect(gateway.verifier.known(old)).toBeUndefined();
});

const many = Array.from({ length: 101 }, (_, index) => ({ ...first.jwk, kid: `${index}` }));
const jwks = `${issuer}/keys`;
const redirect = () => new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } });

test.each([
  [
    "a discovery document of another issuer",
    { discovery: () => Response.json({ issuer: "https://evil.example", jwks_uri: jwks }) },
    "the discovery document names another issuer",
  ],
  [
    "one that differs by a slash",
    { discovery: () => Response.json({ issuer: `${issuer}/`, jwks_uri: jwks }) },
    "the discovery document names another issuer",
  ],
  [
    "keys without TLS",
    { discovery: () => Response.json({ issuer, jwks_uri: "http://id.example.com/keys" }) },
    "the discovery document's jwks_uri is not https",
  ],
  [
    "keys on this machine",
    { discovery: () => Response.json({ issuer, jwks_uri: "http://127.0.0.1/keys" }) },
    "the discovery document's jwks_uri is not https",
  ],
  [
    "keys in a file",
    { discovery: () => Response.json({ issuer, jwks_uri: "file:///etc/passwd" }) },
    "the discovery document's jwks_uri is not https",
  ],
  [
    "no jwks_uri",
    { discovery: () => Response.json({ issuer }) },
    "the discovery document names no issuer or no jwks_uri",
  ],
  [
    "a redirect of discovery",
    { discovery: redirect },
    "https://id.example.com/.well-known/openid-configuration answered 302",
  ],
  ["a redirect of keys", { jwks: redirect }, "https://id.example.com/keys answered 302"],
  ["an error", { jwks: () => new Response("oops", { status: 500 }) }, "https://id.example.com/keys answered 500"],
  [
    "half a megabyte of keys and one byte",
    { jwks: () => new Response(" ".repeat(524_289)) },
    "https://id.example.com/keys is larger than 524288 bytes",
  ],
  ["101 keys", { jwks: () => Response.json({ keys: many }) }, "the key set has more than 100 keys"],
  ["no keys", { jwks: () => Response.json({ keys: [] }) }, "the key set has no public signing key"],
  [
    "secret keys",
    {
      jwks: () =>
        Response.json({
          keys: [
            { kty: "oct", k: "AAAA" },
            { ...first.jwk, d: "AAAA" },
          ],
        }),
    },
    "the key set has no public signing key",
  ],
  [
    "keys that are no list",
    { jwks: () => Response.json({ keys: { first: first.jwk } }) },
    "what is at the keys' address is no key set",
  ],
] as const)("%s is taken for an outage, and the known keys stay", async (_name, answers, reason) => {
  const { fetch, site } = await world();
  await using gateway = await verifierOn(fetch, settings);
  Object.assign(site, answers);
  gateway.time.forward(minute);
  expect(await gateway.verifier.verify(await token(second))).toEqual({ state: "unavailable", reason });
  expect(await outcomeOf(gateway.verifier, await token(first))).toBe("u-1");
});

test("an answer that never ends is left after its bytes", async () => {
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    cancel: () => {
      cancelled = true;
    },
  });
  await using gateway = await verifierOn(() => Promise.resolve(new Response(endless)), settings);
  expect(gateway.heard[0]).toEndWith("openid-configuration is larger than 524288 bytes");
  expect(cancelled).toBe(true);
});

test("an answer that never comes is left after its time", async () => {
  await using gateway = await verifierOn(silence, settings, { readingMs: 20 });
  expect(gateway.heard).toEqual(["unreadable, 0 kept: The operation timed out."]);
});

test("disposal ends a reading under way, reports nothing and reads no more", async () => {
  const { fetch, site } = await world();
  let aborted = 0;
  const gateway = await verifierOn((url, init) => {
    init.signal?.addEventListener("abort", () => aborted++);
    return site.asked.jwks === 0 ? fetch(url, init) : silence(url, init);
  }, settings);
  gateway.time.forward(10 * minute);
  await settled();
  expect(aborted).toBe(0);
  await gateway.verifier[Symbol.asyncDispose]();
  expect(aborted).toBeGreaterThan(0);
  expect(gateway.heard).toEqual(["read 1"]);
});

test("disposal ends the wait for the next reading", async () => {
  const { fetch, site } = await world();
  const gateway = await verifierOn(fetch, settings);
  await gateway.verifier[Symbol.asyncDispose]();
  gateway.time.forward(10 * minute);
  await settled();
  expect(site.asked).toEqual({ discovery: 1, jwks: 1 });
});

test("a verifier is ready when the keys of every issuer have been read; one that is down stops no other", async () => {
  const { fetch, siteOf } = internet([issuer, "https://other.example.com"]);
  siteOf(issuer).keys = [first.jwk];
  siteOf("https://other.example.com").discovery = down;
  const other = { kind: "oidc" as const, issuer: "https://other.example.com", audiences: [mcp], idPrefix: "other:" };
  await using gateway = await verifierOn(fetch, [...settings, other]);
  expect(gateway.verifier.ready()).toBe(false);
  expect(await outcomeOf(gateway.verifier, await token(first))).toBe("u-1");
});

test("a key too short to trust verifies nothing", async () => {
  const { fetch, site } = await world();
  site.keys = [{ ...first.jwk, n: first.jwk.n?.slice(0, 172) }];
  await using gateway = await verifierOn(fetch, settings);
  expect(await outcomeOf(gateway.verifier, await token(first))).toBe("unknown-key");
});

test("what is known of an issuer, and for how long, is there to be seen", async () => {
  const { fetch, site } = await world();
  site.discovery = down;
  await using gateway = await verifierOn(fetch, settings);
  expect(gateway.verifier.issuers()).toEqual([{ issuer, keys: 0, ageMs: undefined }]);
  site.discovery = undefined;
  gateway.time.forward(6_000);
  await gateway.verifier.verify(await token(first));
  expect(gateway.verifier.issuers()).toEqual([{ issuer, keys: 1, ageMs: 0 }]);
  site.discovery = down;
  gateway.time.forward(11 * minute);
  await settled();
  expect(gateway.verifier.issuers()).toEqual([{ issuer, keys: 1, ageMs: 660_000 }]);
  expect(gateway.counted.filter((what) => what.startsWith("issuer"))).toEqual([
    "issuer failed",
    "issuer read",
    "issuer failed",
  ]);
});
