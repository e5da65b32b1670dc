/** Variables without which programs do not run, or not in the user's language and folders. Nothing here is a secret. */
const inherited = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TERM",
  "TZ",
  "TMPDIR",
  // Windows
  "APPDATA",
  "COMSPEC",
  "LOCALAPPDATA",
  "PATHEXT",
  "SYSTEMDRIVE",
  "SYSTEMROOT",
  "TEMP",
  "TMP",
  "USERPROFILE",
];

export const ownerVariable = "MCP_GATEWAY_OWNER";
export const replicaVariable = "MCP_GATEWAY_REPLICA";
/** Set by mcp-proxy, for the server of each session. */
export const sessionVariable = "MCP_GATEWAY_SESSION";

type Variables = Readonly<Record<string, string>>;

/**
 * All that a replica gets. Of the gateway's own environment, which holds its secrets, only the harmless part above goes on. Where
 * to listen and the owner marks come last, so that no declared variable can change them.
 */
export function replicaEnvironment(from: {
  gateway: Readonly<Record<string, string | undefined>>;
  image: Variables;
  declared: Variables;
  port: number;
  owner: string;
  replicaId: string;
  replicaName: string;
}): Record<string, string> {
  const base: Record<string, string> = {};
  for (const name of inherited) {
    const value = from.gateway[name];
    if (value !== undefined) base[name] = value;
  }
  return {
    ...base,
    ...from.image,
    ...from.declared,
    HOSTNAME: from.replicaName,
    HOST: "127.0.0.1",
    PORT: String(from.port),
    [ownerVariable]: from.owner,
    [replicaVariable]: from.replicaId,
  };
}
