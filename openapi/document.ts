import * as adapters from "./adapters.ts";
import * as audit from "./audit.ts";
import * as diagnosis from "./diagnosis.ts";
import * as health from "./health.ts";
import * as mcp from "./mcp.ts";
import * as metadata from "./metadata.ts";
import * as servers from "./servers.ts";
import * as tools from "./tools.ts";

/** The head of the OpenAPI document; paths and components come from the routes. */
export const documentHead = {
  openapi: "3.1.0" as const,
  info: {
    title: "MCP Gateway",
    version: "0.1.0",
    description:
      "Deploys MCP servers (adapters) and tools, watches them, and routes live MCP traffic to the right replica. Failures are RFC 9457 problems on REST paths and JSON-RPC errors on MCP paths.",
    license: { name: "MIT", identifier: "MIT" },
  },
  servers: [{ url: "/", description: "This gateway" }],
  tags: [
    { name: "adapters", description: "MCP servers: deploy, update, scale, status, logs, delete" },
    { name: "tools", description: "Single tools: deploy, update, scale, status, logs, delete" },
    { name: "servers", description: "Virtual MCP servers: named selections of tools" },
    { name: "mcp", description: "The data plane: MCP over streamable HTTP, with session affinity" },
    { name: "audit", description: "Who did what" },
    { name: "discovery", description: "Where OAuth clients get a token (RFC 9728)" },
    { name: "health", description: "Probes and figures" },
  ],
};

/** Every route of the contract, in the order in which the document shows them. */
export const contract = [
  adapters.createAdapter,
  adapters.listAdapters,
  adapters.getAdapter,
  adapters.updateAdapter,
  adapters.deleteAdapter,
  adapters.getAdapterStatus,
  adapters.getAdapterLogs,
  tools.createTool,
  tools.listTools,
  tools.getTool,
  tools.updateTool,
  tools.deleteTool,
  tools.getToolStatus,
  tools.getToolLogs,
  servers.createServer,
  servers.listServers,
  servers.getServer,
  servers.updateServer,
  servers.deleteServer,
  servers.getServerStatus,
  mcp.postMessage,
  mcp.openStream,
  mcp.endSession,
  mcp.postRouterMessage,
  mcp.postServerMessage,
  diagnosis.diagnoseAdapter,
  diagnosis.diagnoseServer,
  diagnosis.diagnoseRouter,
  audit.listAudit,
  metadata.readMetadata,
  metadata.readRouterMetadata,
  metadata.readAdapterMetadata,
  metadata.readServerMetadata,
  health.ping,
  health.live,
  health.ready,
  health.readMetrics,
] as const;
