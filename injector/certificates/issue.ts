// x509's decorators need it to be there first.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Authority, authorityOf, backdateMs, type Leaf, leafOf } from "./certificate.ts";
import type { CertificateLimits } from "./limits.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export type Issuer = {
  /** One that has signed itself. */
  authority(): Promise<Authority>;
  /** For all the names, by this authority and not for longer than that lives. */
  leaf(by: Authority): Promise<Leaf>;
};

/** Makes keys and certificates: ECDSA on P-256, as RFC 5280 has them. The first is the name that API servers ask for. */
export function issuer({
  names,
  now,
  limits,
}: {
  names: readonly string[];
  now: () => number;
  limits: Pick<CertificateLimits, "authorityMs" | "leafMs">;
}): Issuer {
  return {
    async authority() {
      const keys = await newKeys();
      const serialNumber = newSerial();
      const certificate = await X509CertificateGenerator.createSelfSigned({
        serialNumber,
        // Of two that are trusted at once, each is known by its name.
        name: `CN=mcp-gateway-injector CA ${serialNumber.slice(0, 8)}`,
        ...lifetime(limits.authorityMs),
        signingAlgorithm: algorithm,
        keys,
        extensions: [
          new BasicConstraintsExtension(true, 0, true),
          new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
          await SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      return made(authorityOf(certificate.toString("pem"), await pemOf(keys.privateKey)));
    },

    async leaf(by) {
      const keys = await newKeys();
      const authority = new X509Certificate(by.pem);
      const certificate = await X509CertificateGenerator.create({
        serialNumber: newSerial(),
        subject: "CN=mcp-gateway-injector",
        issuer: authority.subject,
        ...lifetime(limits.leafMs, by.untilMs),
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey: await signingKeyOf(by.key),
        extensions: await leafExtensions(keys.publicKey, authority),
      });
      return made(leafOf(certificate.toString("pem"), await pemOf(keys.privateKey), by, names));
    },
  };

  async function leafExtensions(key: CryptoKey, authority: X509Certificate): Promise<Extension[]> {
    return [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value }))),
      await SubjectKeyIdentifierExtension.create(key),
      await AuthorityKeyIdentifierExtension.create(authority),
    ];
  }

  function lifetime(ms: number, latestMs = Number.POSITIVE_INFINITY) {
    const nowMs = now();
    return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(Math.min(nowMs + ms, latestMs)) };
  }
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** RFC 5280 §4.1.2.2: positive, and nobody guesses it. */
function newSerial(): string {
  const bytes = crypto.getRandomValues(Buffer.alloc(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function pemOf(key: CryptoKey): Promise<string> {
  const base64 = Buffer.from(await crypto.subtle.exportKey("pkcs8", key)).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n");
}

function signingKeyOf(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  return crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}

function made<Made>(certificate: Made | undefined): Made {
  if (certificate === undefined) throw new Error("a certificate that was just made cannot be read");
  return certificate;
}
