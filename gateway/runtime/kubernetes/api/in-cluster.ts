import { join } from "node:path";
import { checkedToken, type Cluster } from "./cluster.ts";
import { type Files, freshFile } from "./fresh-file.ts";

export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
export type ServiceAddress = { readonly host: string; readonly port: string };

/** The cluster this process is a pod of, known by the service account that is mounted into it. */
export function inCluster({ host, port }: ServiceAddress, folder: string, files: Files): Cluster {
  const ca = freshFile(join(folder, "ca.crt"), "the cluster's CA", files);
  const tokenPath = join(folder, "token");
  const token = freshFile(tokenPath, "the service account's token", files);
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: undefined,
    access: async (renew) => ({
      tls: { ca: await ca(renew), rejectUnauthorized: true },
      token: checkedToken(await token(renew), tokenPath),
    }),
  };
}
