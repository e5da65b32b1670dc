/** Whose MCP endpoint a request is for. */
export type Target =
  | { readonly kind: "adapter"; readonly name: string }
  | { readonly kind: "server"; readonly name: string }
  | { readonly kind: "router" };

const endpoint = "/mcp";
const collections = { adapter: "/adapters/", server: "/servers/" } as const;

/** By a request's URL: `/adapters/{name}/mcp`, `/servers/{name}/mcp` or `/mcp`. Absolute URLs only. */
export function mcpTargetIn(url: string): Target | undefined {
  const path = url.indexOf("/", url.indexOf("://") + 3);
  if (path < 0) return undefined;
  if (endsWithEndpoint(url, path)) return { kind: "router" };
  return named("adapter", url, path) ?? named("server", url, path);
}

function named(kind: keyof typeof collections, url: string, path: number): Target | undefined {
  const collection = collections[kind];
  if (!url.startsWith(collection, path)) return undefined;
  const name = path + collection.length;
  const nameEnd = url.indexOf("/", name);
  if (nameEnd <= name || !endsWithEndpoint(url, nameEnd)) return undefined;
  return { kind, name: url.slice(name, nameEnd) };
}

/** Whether the path ends with `/mcp` from here on. */
function endsWithEndpoint(url: string, at: number): boolean {
  if (!url.startsWith(endpoint, at)) return false;
  const end = at + endpoint.length;
  return end === url.length || url[end] === "?";
}

/** The path of a target, as it is logged. */
export function pathOf(target: Target): string {
  return target.kind === "router" ? endpoint : `${collections[target.kind]}${target.name}${endpoint}`;
}
