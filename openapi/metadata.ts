import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "./problem.ts";
import { nameParam } from "./resource-route.ts";

/** RFC 9728 §3.1: it stands before the path of the resource that it describes. */
export const wellKnown = "/.well-known/oauth-protected-resource";

export const ProtectedResourceMetadata = z
  .object({
    resource: z.string().openapi({
      description: "The resource, as clients name it when they ask for a token (RFC 8707)",
      example: "https://mcp.example.com/adapters/weather/mcp",
    }),
    authorization_servers: z
      .array(z.string())
      .min(1)
      .openapi({ description: "Issuers whose tokens are taken", example: ["https://login.example.com"] }),
    bearer_methods_supported: z.array(z.literal("header")).openapi({ example: ["header"] }),
    scopes_supported: z
      .array(z.string())
      .optional()
      .openapi({ description: "Scopes to ask for", example: ["api://mcp-gateway/access"] }),
    resource_name: z.string().openapi({ example: "MCP Gateway" }),
  })
  .openapi("ProtectedResourceMetadata");
export type ProtectedResourceMetadata = z.infer<typeof ProtectedResourceMetadata>;

const tags = ["discovery"];
const responses = {
  200: { description: "The metadata", content: { "application/json": { schema: ProtectedResourceMetadata } } },
  ...problems(404),
};

export const readMetadata = createRoute({
  method: "get",
  path: wellKnown,
  operationId: "readMetadata",
  summary: "How to get a token for this gateway",
  description: "OAuth protected resource metadata (RFC 9728). 404 with development identity: no token is needed.",
  tags,
  security: [],
  responses,
});

export const readRouterMetadata = createRoute({
  method: "get",
  path: `${wellKnown}/mcp`,
  operationId: "readRouterMetadata",
  summary: "How to get a token for the tool router",
  description: "As for the whole gateway, with the router's URL as `resource`. 404 where that is the origin alone.",
  tags,
  security: [],
  responses,
});

export const readAdapterMetadata = createRoute({
  method: "get",
  path: `${wellKnown}/adapters/{name}/mcp`,
  operationId: "readAdapterMetadata",
  summary: "How to get a token for an adapter",
  description:
    "As for the whole gateway, with the adapter's MCP URL as `resource`, whether or not there is such an adapter.",
  tags,
  security: [],
  request: { params: nameParam("adapter", "weather") },
  responses,
});

export const readServerMetadata = createRoute({
  method: "get",
  path: `${wellKnown}/servers/{name}/mcp`,
  operationId: "readServerMetadata",
  summary: "How to get a token for a virtual server",
  description: "As for an adapter.",
  tags,
  security: [],
  request: { params: nameParam("virtual server", "support") },
  responses,
});
