import { OpenAPIHono } from "@hono/zod-openapi";
import { contract, documentHead } from "./document.ts";

/** The OpenAPI 3.1 document of the contract; always in the same order. */
export function openapiDocument() {
  const described = new OpenAPIHono();
  described.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "A token of the configured issuer. With development identity none is needed.",
  });
  for (const route of contract) described.openAPIRegistry.registerPath(route);
  return described.getOpenAPI31Document({ ...documentHead, security: [{ bearer: [] }] });
}
