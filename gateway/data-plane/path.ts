const collection = "/adapters/";
const endpoint = "/mcp";

/** The adapter that a request's URL is for, when its path is `/adapters/{name}/mcp`. Absolute URLs only. */
export function adapterIn(url: string): string | undefined {
  const path = url.indexOf("/", url.indexOf("://") + 3);
  if (path < 0 || !url.startsWith(collection, path)) return undefined;
  const name = path + collection.length;
  const nameEnd = url.indexOf("/", name);
  if (nameEnd <= name || !url.startsWith(endpoint, nameEnd)) return undefined;
  const end = nameEnd + endpoint.length;
  return end === url.length || url[end] === "?" ? url.slice(name, nameEnd) : undefined;
}
