import { expect, test } from "bun:test";
import { join } from "node:path";
import { isDue, isValid } from "../../../injector/certificates/certificate.ts";
import { issuer } from "../../../injector/certificates/issue.ts";
import { certificateLimits } from "../../../injector/certificates/limits.ts";
import { temporaryDirectory } from "../../support/process.ts";
import { dayMs, names } from "./replica.ts";

const nowMs = Date.parse("2026-12-01T12:00:00Z");
const issuing = issuer({ names, now: () => nowMs, limits: certificateLimits });

test("another program takes a leaf for what it is: one of its authority, for a server, for these names, for 90 days", async () => {
  const [authority, stranger] = [await issuing.authority(), await issuing.authority()];
  const leaf = await issuing.leaf(authority);
  await using folder = await temporaryDirectory();
  const path = (name: string) => join(folder.path, name);
  await Bun.write(path("ca.crt"), authority.pem);
  await Bun.write(path("bundle.crt"), stranger.pem + authority.pem);
  await Bun.write(path("stranger.crt"), stranger.pem);
  await Bun.write(path("tls.crt"), leaf.pem);
  const verify = (bundle: string, purpose = "sslserver", host = names[0] ?? "") =>
    openssl(
      "verify",
      "-x509_strict",
      "-attime",
      `${nowMs / 1000}`,
      "-purpose",
      purpose,
      "-verify_hostname",
      host,
      "-CAfile",
      path(bundle),
      path("tls.crt"),
    );
  expect(await verify("ca.crt")).toContain("OK");
  expect(await verify("bundle.crt")).toContain("OK");
  expect(await verify("stranger.crt")).toContain("unable to get local issuer certificate");
  expect(await verify("ca.crt", "sslclient")).toContain("unsuitable certificate purpose");
  expect(await verify("ca.crt", "sslserver", "example.com")).toContain("hostname mismatch");
  for (const name of names) expect(await verify("ca.crt", "sslserver", name)).toContain("OK");

  const shown = await openssl(
    "x509",
    "-in",
    path("tls.crt"),
    "-noout",
    "-dates",
    "-ext",
    "basicConstraints,keyUsage,extendedKeyUsage",
  );
  expect(shown).toContain("notBefore=Dec  1 11:00:00 2026 GMT");
  expect(shown).toContain("notAfter=Mar  1 12:00:00 2027 GMT");
  expect(shown).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
  expect(shown).toMatch(/Key Usage: critical\s+Digital Signature\s/);
  expect(shown).toMatch(/Extended Key Usage: *\s+TLS Web Server Authentication\s/);
  const ca = await openssl("x509", "-in", path("ca.crt"), "-noout", "-dates", "-ext", "basicConstraints,keyUsage");
  expect(ca).toContain("notAfter=Nov 28 12:00:00 2036 GMT");
  expect(ca).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  expect(ca).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
});

test("no two keys, serial numbers or authorities' names are the same", async () => {
  const made = await Promise.all(Array.from({ length: 20 }, () => issuing.authority()));
  expect(new Set(made.map(({ key }) => key)).size).toBe(20);
  expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(20);
});

test("a leaf does not outlive its authority", async () => {
  const authority = await issuing.authority();
  const lateMs = authority.untilMs - 10 * dayMs;
  const leaf = await issuer({ names, now: () => lateMs, limits: certificateLimits }).leaf(authority);
  expect(leaf.untilMs).toBe(authority.untilMs);
  // Two thirds of ten days, not of ninety.
  expect(isDue(leaf, lateMs + 6 * dayMs)).toBe(false);
  expect(isDue(leaf, lateMs + 7 * dayMs)).toBe(true);
});

test("two thirds are counted from when it was made, not from when it is good", async () => {
  const limits = { ...certificateLimits, leafMs: 30_000 };
  const short = issuer({ names, now: () => nowMs, limits });
  const leaf = await short.leaf(await short.authority());
  expect([0, 19_000, 20_000, 29_000].map((ms) => isDue(leaf, nowMs + ms))).toEqual([false, false, true, true]);
});

test("a certificate is good from an hour before it was made, for whose clock is slow", async () => {
  const leaf = await issuing.leaf(await issuing.authority());
  const hourMs = dayMs / 24;
  expect(
    [nowMs - hourMs - 1000, nowMs - hourMs, nowMs, leaf.untilMs - 1, leaf.untilMs].map((at) => isValid(leaf, at)),
  ).toEqual([false, true, true, true, false]);
});

/** What it says; that it fails may be what is wanted. */
async function openssl(...args: string[]): Promise<string> {
  const child = Bun.spawn(["openssl", ...args], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, words] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return out + words;
}
