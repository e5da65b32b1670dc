import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";

export type Pair = { readonly cert: string; readonly key: string };

export type Certificates = {
  readonly ca: string;
  /** Signs nothing the server uses. */
  readonly otherCa: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: Pair;
  /** For kubernetes.example only. */
  readonly named: Pair;
  readonly client: Pair;
  /** Of the other CA. */
  readonly foreignClient: Pair;
};

/** Made by openssl, each time anew: nobody trusts them but who is given the CA. */
export async function certificates(): Promise<Certificates> {
  const folder = await mkdtemp(`${tmpdir()}/mcp-gateway-certificates-`);
  try {
    const path = (name: string) => `${folder}/${name}`;
    const read = (name: string) => Bun.file(path(name)).text();
    await authority("ca");
    await authority("other");
    return {
      ca: await read("ca.crt"),
      otherCa: await read("other.crt"),
      server: await leaf("server", "/CN=api", "subjectAltName=IP:127.0.0.1,DNS:localhost", "ca"),
      named: await leaf("named", "/CN=api", "subjectAltName=DNS:kubernetes.example", "ca"),
      client: await leaf("client", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth", "ca"),
      foreignClient: await leaf("foreign", "/CN=stranger", "extendedKeyUsage=clientAuth", "other"),
    };

    async function authority(name: string): Promise<void> {
      const files = ["-keyout", path(`${name}.key`), "-out", path(`${name}.crt`)];
      await openssl(["req", "-x509", ...newKey, ...files, "-days", "3650", "-subj", `/CN=${name}`]);
    }

    async function leaf(name: string, subject: string, extension: string, by: string): Promise<Pair> {
      const request = path(`${name}.csr`);
      await openssl(["req", ...newKey, "-keyout", path(`${name}.key`), "-out", request, "-subj", subject]);
      await writeFile(path("extensions"), `${extension}\n`);
      const signer = ["-CA", path(`${by}.crt`), "-CAkey", path(`${by}.key`), "-CAcreateserial"];
      const how = ["-days", "3650", "-extfile", path("extensions"), "-out", path(`${name}.crt`)];
      await openssl(["x509", "-req", "-in", request, ...signer, ...how]);
      return { cert: await read(`${name}.crt`), key: await read(`${name}.key`) };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function openssl(args: string[]): Promise<void> {
  const program = Bun.spawn(["openssl", ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  if ((await program.exited) !== 0) throw new Error(`openssl ${args[0]}: ${await program.stderr.text()}`);
}
