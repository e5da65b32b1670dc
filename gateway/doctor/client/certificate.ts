import { failed, type Finding, ok, warning } from "../step.ts";
import type { Certificate, Handshake } from "./network.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** What a TLS handshake tells. The most telling fault is named: an expired certificate may also be nobody's. */
export function handshakeFinding(handshake: Handshake, nowMs: number, expiringDays: number): Finding {
  switch (handshake.state) {
    case "timeout":
      return failed("tls-failed", "The handshake did not end in time.");
    case "failed":
      return isPlain(handshake.code)
        ? failed("plain-http", `What answers on this port is no TLS (${handshake.code}).`)
        : failed("tls-failed", `The handshake failed: ${handshake.code}.`);
    case "secure":
      return certificateFinding(handshake.certificate, handshake.protocol, nowMs, expiringDays);
  }
}

function certificateFinding(
  { problem, isForHost, names, issuer, validFromMs, validToMs }: Certificate,
  protocol: string,
  nowMs: number,
  expiringDays: number,
): Finding {
  if (validToMs < nowMs) return failed("certificate-expired", `It was valid until ${day(validToMs)}.`);
  if (validFromMs > nowMs) return failed("certificate-not-yet-valid", `It is valid from ${day(validFromMs)} on.`);
  if (!isForHost) return failed("certificate-wrong-name", `It is for ${names}.`);
  if (problem !== undefined) return failed("certificate-untrusted", `It is by ${issuer}: ${problem}.`);
  const days = Math.floor((validToMs - nowMs) / dayMs);
  const got = `${protocol}, a certificate by ${issuer} that is valid for ${days} more days.`;
  return days < expiringDays ? warning("certificate-expiring", got) : ok(got);
}

function isPlain(code: string): boolean {
  return /WRONG_VERSION_NUMBER|HTTP_REQUEST|EPROTO/.test(code);
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
