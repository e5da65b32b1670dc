import { chmod } from "node:fs/promises";
import type { ClientTls } from "./keys.ts";

const name = "cluster-under-test";

/** Writes a kubeconfig of the administrator; JSON is YAML. */
export async function writeKubeconfig(path: string, server: string, tls: ClientTls): Promise<void> {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(tls.ca) } }],
    users: [{ name, user: { "client-certificate-data": base64(tls.cert), "client-key-data": base64(tls.key) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  await Bun.write(path, JSON.stringify(config, undefined, 2));
  await chmod(path, 0o600);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
