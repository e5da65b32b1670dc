/** What pods, guard and gateway call each other by. */

/** On a pod: it is a replica of this adapter, and gets a guard. */
export const adapterLabel = "mcp-gateway/adapter";
/** On such a pod, `false`: it gets none, and no traffic from the gateway either. */
export const injectLabel = "mcp-gateway/inject";
/** On a pod: where its MCP server listens, where that cannot be told from its containers. */
export const portAnnotation = "mcp-gateway/port";

export const guardContainer = "mcp-guard";
/** Where the gateway comes in. */
export const guardPort = 15001;
/** Metrics and health. */
export const guardHealthPort = 15020;

/** The ConfigMap of keys, its one file, and where the guard finds that. */
export const jwksConfigMap = "mcp-gateway-jwks";
export const jwksFile = "jwks.json";
export const jwksDirectory = "/etc/mcp-gateway/jwks";
