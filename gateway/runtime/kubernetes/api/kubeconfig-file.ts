import { dirname } from "node:path";
import { z } from "zod";

const text = z.string().optional();

export const ClusterEntry = z.object({
  server: z.string(),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": z.boolean().optional(),
  "tls-server-name": text,
  "proxy-url": text,
  extensions: z.array(z.object({ name: z.string(), extension: z.unknown() })).nullish(),
});
export type ClusterEntry = z.infer<typeof ClusterEntry>;

export const ExecEntry = z.object({
  apiVersion: z.string(),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: text,
  interactiveMode: text,
  provideClusterInfo: z.boolean().optional(),
});
export type ExecEntry = z.infer<typeof ExecEntry>;

export const UserEntry = z.object({
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  "as-uid": text,
  "as-groups": z.array(z.string()).nullish(),
  "as-user-extra": z.record(z.string(), z.array(z.string())).nullish(),
  exec: ExecEntry.nullish(),
  "auth-provider": z.unknown().optional(),
});
export type UserEntry = z.infer<typeof UserEntry>;

export const ContextEntry = z.object({ cluster: z.string(), user: text, namespace: text });
export type ContextEntry = z.infer<typeof ContextEntry>;

const Kubeconfig = z.object({
  "current-context": text,
  clusters: z.array(z.object({ name: z.string(), cluster: ClusterEntry })).nullish(),
  users: z.array(z.object({ name: z.string(), user: UserEntry.nullish() })).nullish(),
  contexts: z.array(z.object({ name: z.string(), context: ContextEntry })).nullish(),
});

/** An entry, with the folder that paths in it begin from. */
type At<Entry> = { readonly entry: Entry; readonly folder: string };

export type MergedConfig = {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, At<ClusterEntry>>;
  readonly users: ReadonlyMap<string, At<UserEntry>>;
  readonly contexts: ReadonlyMap<string, At<ContextEntry>>;
};

/** As kubectl merges files: who names something first has the whole of it. Throws, in words, where a file is no kubeconfig. */
export function mergeKubeconfigs(files: readonly { path: string; text: string }[]): MergedConfig {
  const clusters = new Map<string, At<ClusterEntry>>();
  const users = new Map<string, At<UserEntry>>();
  const contexts = new Map<string, At<ContextEntry>>();
  let currentContext: string | undefined;

  for (const { path, text } of files) {
    const config = parseKubeconfig(path, text);
    const folder = dirname(path);
    currentContext ||= config["current-context"];
    for (const { name, cluster } of config.clusters ?? []) addFirst(clusters, name, { entry: cluster, folder });
    for (const { name, user } of config.users ?? []) addFirst(users, name, { entry: user ?? {}, folder });
    for (const { name, context } of config.contexts ?? []) addFirst(contexts, name, { entry: context, folder });
  }
  return { currentContext, clusters, users, contexts };
}

function parseKubeconfig(path: string, text: string): z.infer<typeof Kubeconfig> {
  let content: unknown;
  try {
    content = Bun.YAML.parse(text);
  } catch {
    // The parser's words may show the line, and the line may be a key.
    throw new Error(`${path} is no YAML`);
  }
  const { success, data, error } = Kubeconfig.safeParse(content ?? {});
  if (success) return data;
  const [issue] = error.issues;
  throw new Error(`${path} is no kubeconfig: ${issue?.path.join(".")}: ${issue?.message}`);
}

function addFirst<Entry>(entries: Map<string, Entry>, name: string, entry: Entry): void {
  if (!entries.has(name)) entries.set(name, entry);
}
