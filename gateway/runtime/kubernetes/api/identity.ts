import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { checkedToken, type Identity, type ReadIdentity } from "./cluster.ts";
import { type Files, freshFile } from "./fresh-file.ts";
import type { UserEntry } from "./kubeconfig-file.ts";

/** Text that is given as base64, in a file, or not at all; data goes before the file. Reads relative to `folder`. */
export function dataOrFile(
  what: string,
  { data, file }: { data: string | undefined; file: string | undefined },
  folder: string,
  files: Files,
): ((renew: boolean) => Promise<string>) | undefined {
  if (data) {
    const text = Buffer.from(data, "base64").toString("utf8");
    return () => Promise.resolve(text);
  }
  return file ? freshFile(resolve(folder, file), what, files) : undefined;
}

/** Throws, in words, for ways of being somebody that are not supported: left out, we would be somebody else. */
export function refuseUnsupported(user: UserEntry): void {
  if (user.username !== undefined || user.password !== undefined)
    throw new Error("basic authentication (username, password) is not supported: API servers have none since 1.19");
  if (user["auth-provider"]) throw new Error("auth-provider is not supported: use an exec plugin");
  if (user.as || user["as-uid"] || user["as-groups"]?.length || user["as-user-extra"])
    throw new Error("impersonation (as, as-uid, as-groups, as-user-extra) is not supported");
}

/** A user's certificate and token, from the kubeconfig or from files that are read again as they change. */
export function staticIdentity(user: UserEntry, folder: string, files: Files): ReadIdentity {
  const { "client-certificate-data": certData, "client-certificate": certFile } = user;
  const { "client-key-data": keyData, "client-key": keyFile } = user;
  const readCert = dataOrFile("the client certificate", { data: certData, file: certFile }, folder, files);
  const readKey = dataOrFile("the client key", { data: keyData, file: keyFile }, folder, files);
  if (!readCert !== !readKey) throw new Error("a client certificate and its key belong together: one is missing");
  // As client-go has it: the file goes before the token.
  const readToken = user.tokenFile ? freshFile(resolve(folder, user.tokenFile), "the token", files) : undefined;

  return async (renew) => {
    const certificate = readCert && readKey ? await readPair(readCert, readKey, renew) : undefined;
    const token = readToken ? await readToken(renew) : user.token;
    return { certificate, token: token ? checkedToken(token, user.tokenFile ?? "the kubeconfig's token") : undefined };
  };
}

async function readPair(
  readCert: (renew: boolean) => Promise<string>,
  readKey: (renew: boolean) => Promise<string>,
  renew: boolean,
): Promise<Identity["certificate"]> {
  const pair = { cert: await readCert(renew), key: await readKey(renew) };
  if (arePair(pair)) return pair;
  // One of the two files has been replaced since the other was read.
  const again = { cert: await readCert(true), key: await readKey(true) };
  if (arePair(again)) return again;
  throw new Error("the client certificate and its key cannot be read or do not belong together");
}

/** Bun's fetch says "typo in the url" where they do not. */
export function arePair({ cert, key }: { cert: string; key: string }): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
