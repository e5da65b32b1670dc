import { X509Certificate } from "node:crypto";
import { issuer } from "../../../injector/certificates/issue.ts";
import { certificateKeeper } from "../../../injector/certificates/keeper.ts";
import { certificateLimits, type CertificateLimits } from "../../../injector/certificates/limits.ts";
import type { Pair } from "../../../injector/certificates/pair.ts";
import type { SharedSecret } from "./shared-secret.ts";

export const names = ["mcp-gateway-injector.adapter.svc", "mcp-gateway-injector.adapter", "mcp-gateway-injector"];
export const dayMs = 24 * 60 * 60 * 1000;

/** The time of day, which can be set, and that of a stopwatch. */
export type Clock = { nowMs: number; elapsedMs: number };

/** An injector as far as its certificates go. */
export function replica(secret: SharedSecret, clock: Clock, limits: CertificateLimits = certificateLimits) {
  const seen = { shown: undefined as Pair | undefined, steps: [] as string[] };
  const now = () => clock.nowMs;
  const keeper = certificateKeeper({
    state: secret.shared,
    issuer: issuer({ names, now, limits }),
    names,
    limits,
    now,
    elapsed: () => clock.elapsedMs,
    serve(pair) {
      seen.shown = pair;
    },
    events: {
      certificateKept: ({ step, why }) => seen.steps.push(why === "" ? step : `${step}: ${why}`),
      authoritiesPublished: (count) => seen.steps.push(`publish ${count}`),
    },
  });
  return Object.assign(seen, { look: keeper.look });
}

export type Replica = ReturnType<typeof replica>;

/** Whether a client with this bundle takes what is shown, at this time: as TLS has it. */
export function isTrusted(shown: Pair | undefined, bundle: string, nowMs: number): boolean {
  if (!shown) return false;
  const leaf = x509Of(shown.cert);
  const isNow = (one: X509Certificate) => Date.parse(one.validFrom) <= nowMs && nowMs < Date.parse(one.validTo);
  const authorities = (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(x509Of);
  return isNow(leaf) && authorities.some((authority) => isNow(authority) && isIssuedBy(leaf, authority));
}

const known = new Map<string, X509Certificate>();
const issued = new Map<string, boolean>();

function x509Of(pem: string): X509Certificate {
  return known.getOrInsertComputed(pem.trim(), () => new X509Certificate(pem));
}

function isIssuedBy(leaf: X509Certificate, authority: X509Certificate): boolean {
  const key = `${leaf.fingerprint256} ${authority.fingerprint256}`;
  return issued.getOrInsertComputed(key, () => leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
}
