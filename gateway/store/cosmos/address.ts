/** Where a Cosmos DB account is, and which of its databases is meant. */
export type CosmosAddress = {
  readonly endpoint: string;
  readonly database: string;
  readonly key?: string;
};

export const defaultDatabase = "McpGatewayDb";

const scheme = "cosmos+";
const shape = "cosmos+https://account.documents.azure.com[/Database]";

/**
 * Reads `cosmos+https://account.documents.azure.com[/Database][?key=…]`. Plain http is for emulators, which have keys: a
 * key signs each request and stays at home, while a token sent over http would be anybody's.
 */
export function cosmosAddress(text: string): CosmosAddress {
  const url = text.startsWith(scheme) ? URL.parse(text.slice(scheme.length)) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error(`STORE_URL must have the form ${shape}.`);
  if (url.username || url.password || url.hash) {
    throw new Error(`STORE_URL has a user, a password or a fragment, which ${shape} does not have.`);
  }
  const [database = "", ...more] = url.pathname.slice(1).split("/");
  if (more.some((part) => part !== "") || !/^[A-Za-z0-9_.-]{0,255}$/.test(database)) {
    throw new Error("STORE_URL names a database of other than letters, digits, dots, dashes and underscores.");
  }
  const unknown = [...url.searchParams.keys()].filter((name) => name !== "key");
  if (unknown.length > 0) throw new Error(`STORE_URL has parameters that are not known: ${unknown.join(", ")}.`);
  // In a query "+" is a space, but a key is base64.
  const key = url.searchParams.get("key")?.replaceAll(" ", "+");
  return { endpoint: `${url.origin}/`, database: database || defaultDatabase, ...(key ? { key } : {}) };
}
