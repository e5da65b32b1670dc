import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP } from "node:net";
import { checkServerIdentity, connect as connectTls, type PeerCertificate, rootCertificates } from "node:tls";

/** What lies below HTTP. Nothing here rejects. */
export type Network = {
  /** The addresses of a name; none when it has none. */
  addressesOf(hostname: string): Promise<readonly string[]>;
  connect(address: string, port: number, limitMs: number): Promise<Connected>;
  handshake(hostname: string, port: number, limitMs: number): Promise<Handshake>;
};

export type Connected = "connected" | "refused" | "timeout";

export type Handshake =
  | { readonly state: "secure"; readonly certificate: Certificate; readonly protocol: string }
  | { readonly state: "failed"; readonly code: string }
  | { readonly state: "timeout" };

export type Certificate = {
  /** OpenSSL's word for what is wrong with it; undefined: clients trust it. */
  readonly problem: string | undefined;
  readonly isForHost: boolean;
  readonly names: string;
  readonly issuer: string;
  readonly validFromMs: number;
  readonly validToMs: number;
};

/** The network of this machine. `ca` are roots to be trusted beside the usual ones. */
export function machineNetwork(ca: readonly string[]): Network {
  return { addressesOf, connect, handshake: (hostname, port, limitMs) => handshake(hostname, port, limitMs, ca) };
}

async function addressesOf(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true }).catch(() => []);
  return [...new Set(found.map(({ address }) => address))];
}

function connect(host: string, port: number, limitMs: number): Promise<Connected> {
  const { promise, resolve } = Promise.withResolvers<Connected>();
  const socket = connectTcp({ host, port });
  const timeout = setTimeout(() => resolve("timeout"), limitMs);
  socket.on("connect", () => resolve("connected"));
  socket.on("error", () => resolve("refused"));
  return promise.finally(() => {
    clearTimeout(timeout);
    socket.destroy();
  });
}

function handshake(host: string, port: number, limitMs: number, ca: readonly string[]): Promise<Handshake> {
  const { promise, resolve } = Promise.withResolvers<Handshake>();
  // An address cannot be asked for by name (RFC 6066 §3).
  const servername = isIP(host) ? {} : { servername: host };
  const trusted = { ca: [...rootCertificates, ...ca], rejectUnauthorized: false };
  const socket = connectTls({ host, port, ...servername, ...trusted }, () => {
    const certificate = certificateOf(socket.getPeerCertificate(), socket.authorizationError, host);
    resolve({ state: "secure", certificate, protocol: socket.getProtocol() ?? "TLS" });
  });
  const timeout = setTimeout(() => resolve({ state: "timeout" }), limitMs);
  socket.on("error", (error: NodeJS.ErrnoException) => resolve({ state: "failed", code: error.code ?? error.message }));
  socket.on("close", () => resolve({ state: "failed", code: "closed" }));
  return promise.finally(() => {
    clearTimeout(timeout);
    socket.destroy();
  });
}

function certificateOf(peer: PeerCertificate, problem: Error | string | null | undefined, host: string): Certificate {
  return {
    problem: problem ? String(problem) : undefined,
    isForHost: checkServerIdentity(host, peer) === undefined,
    names: peer.subjectaltname ?? String(peer.subject?.CN ?? "nobody"),
    issuer: String(peer.issuer?.O ?? peer.issuer?.CN ?? "nobody"),
    validFromMs: Date.parse(peer.valid_from),
    validToMs: Date.parse(peer.valid_to),
  };
}
