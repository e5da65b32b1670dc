/** The adapter's own settings, of no concern to the program it runs. */
const bookkeeping = new Set([
  "MCP_COMMAND",
  "MCP_ARGS",
  "MCP_PROXY_URL",
  "MCP_PROXY_HEADERS",
  "MCP_PROXY_MAX_SESSIONS",
  "MCP_PROXY_IDLE_SECONDS",
  "HOST",
  "PORT",
  "BUN_CONFIG_MAX_HTTP_REQUESTS",
]);

/** What a stdio server gets: all that its replica got, except how the replica itself is set up. */
export function childEnvironment(replica: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(replica).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.filter(([name]) => !bookkeeping.has(name)));
}
