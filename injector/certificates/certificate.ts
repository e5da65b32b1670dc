import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate as far as it is planned with. Times are milliseconds since 1970. */
export type Certificate = {
  readonly pem: string;
  /** SHA-256. */
  readonly fingerprint: string;
  readonly fromMs: number;
  readonly untilMs: number;
};

/** An authority that can issue. */
export type Authority = Certificate & { readonly key: string };
/** What a server shows, and whose word it is. */
export type Leaf = Certificate & { readonly key: string; readonly issuer: Certificate };

/** Certificates begin in the past, for whose clock is slow. */
export const backdateMs = 60 * 60 * 1000;

export function isValid({ fromMs, untilMs }: Certificate, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < untilMs;
}

/** Two thirds of its time are over. */
export function isDue({ fromMs, untilMs }: Certificate, nowMs: number): boolean {
  const issuedMs = fromMs + backdateMs;
  return nowMs >= untilMs - (untilMs - issuedMs) / 3;
}

/** The authorities in a PEM text, whatever else is in it. */
export function authoritiesIn(pem: string): Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    const x509 = parsed(block);
    return x509?.ca ? [factsOf(x509)] : [];
  });
}

export function authorityOf(pem: string, key: string): Authority | undefined {
  const x509 = parsed(pem);
  return x509?.ca && belongs(key, x509) ? { ...factsOf(x509), key } : undefined;
}

/** Undefined, too, where it is not for all these names. */
export function leafOf(pem: string, key: string, issuer: Certificate, names: readonly string[]): Leaf | undefined {
  const x509 = parsed(pem);
  const authority = parsed(issuer.pem);
  if (!x509 || !authority || !belongs(key, x509) || !isIssued(x509, authority.publicKey)) return undefined;
  const isNamed = names.every((name) => x509.checkHost(name) !== undefined);
  return isNamed ? { ...factsOf(x509), key, issuer } : undefined;
}

function isIssued(x509: X509Certificate, publicKey: KeyObject): boolean {
  try {
    return x509.verify(publicKey);
  } catch {
    // A key of another type.
    return false;
  }
}

/** Whether a private key is this certificate's. */
export function belongs(key: string, x509: X509Certificate): boolean {
  try {
    return x509.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** The first one in a PEM text. */
export function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function factsOf(x509: X509Certificate): Certificate {
  return {
    pem: pemOf(x509),
    fingerprint: x509.fingerprint256,
    fromMs: Date.parse(x509.validFrom),
    untilMs: Date.parse(x509.validTo),
  };
}

/** With a line break at its end: bundles are such texts one after the other. */
function pemOf(x509: X509Certificate): string {
  return `${x509.toString().trim()}\n`;
}
