import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Paths of a certificate and its key, both PEM. */
export type KeyPair = { readonly certificate: string; readonly key: string };

/** What the processes of one cluster show each other. */
export type Keys = {
  readonly authority: KeyPair;
  readonly apiServer: KeyPair;
  /** What the API server shows to the kubelet. */
  readonly apiServerClient: KeyPair;
  readonly kubelet: KeyPair;
  /** Of group system:masters; the controllers, the scheduler and the kubelet use it too. */
  readonly admin: KeyPair;
  /** Signs the tokens of service accounts. */
  readonly serviceAccounts: string;
};

/** PEM texts of what a client needs. */
export type ClientTls = { readonly ca: string; readonly cert: string; readonly key: string };

const daysValid = "2";

/** Makes all keys of a cluster in this folder, by the openssl program. */
export async function makeKeys(folder: string, nodeAddress: string): Promise<Keys> {
  const authority = { certificate: join(folder, "ca.crt"), key: join(folder, "ca.key") };
  await openssl(...request(authority, "/CN=cluster-under-test"));
  const serviceAccounts = join(folder, "service-accounts.key");
  const [apiServer, kubelet, apiServerClient, admin] = await Promise.all([
    issue("api-server", "/CN=kube-apiserver", "serverAuth", `IP:127.0.0.1,DNS:localhost,IP:${nodeAddress}`),
    issue("kubelet", "/CN=kubelet", "serverAuth", `IP:${nodeAddress}`),
    issue("api-server-client", "/CN=kube-apiserver", "clientAuth"),
    issue("admin", "/O=system:masters/CN=admin", "clientAuth"),
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", serviceAccounts),
  ]);
  return { authority, apiServer, apiServerClient, kubelet, admin, serviceAccounts };

  async function issue(name: string, subject: string, usage: string, names?: string): Promise<KeyPair> {
    const pair = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    const by = ["-CA", authority.certificate, "-CAkey", authority.key, "-addext", `extendedKeyUsage=${usage}`];
    const known = names === undefined ? [] : ["-addext", `subjectAltName=${names}`];
    await openssl(...request(pair, subject), ...by, "-addext", "basicConstraints=critical,CA:FALSE", ...known);
    return pair;
  }
}

export async function clientTls({ authority, admin }: Keys): Promise<ClientTls> {
  const [ca, cert, key] = await Promise.all(
    [authority.certificate, admin.certificate, admin.key].map((path) => readFile(path, "utf8")),
  );
  return { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
}

function request(pair: KeyPair, subject: string): string[] {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pair.key];
  return ["req", "-x509", ...key, "-out", pair.certificate, "-days", daysValid, "-subj", subject];
}

async function openssl(...args: string[]): Promise<void> {
  const child = Bun.spawn(["openssl", ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const words = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`openssl ${args[0]}: ${words.trim()}`);
}
