import type { ToolResource } from "../../openapi/tools.ts";
import * as contract from "../../openapi/tools.ts";
import type { RestApp } from "../rest.ts";
import type { Resource } from "../store/store.ts";
import type { ToolVerbs } from "./tools.ts";
import { etag, logRequestOf, logsAnswer, nextLink, refusal, type RestSurroundings, tagIn } from "./rest-answers.ts";

/** The tools' REST API, as the adapters' is. */
export function mountTools(app: RestApp, tools: ToolVerbs, { originOf, closing }: RestSurroundings): void {
  app.openapi(contract.createTool, async (c) => {
    const { principal, requestId } = c.var;
    const created = await tools.create(principal, c.req.valid("json"), requestId);
    if (created.state === "refused") return refusal(created, requestId);
    const location = `${originOf(c.req.raw)}/tools/${created.resource.name}`;
    return c.json(shown(created.resource), 201, { etag: etag(created.resource), location });
  });

  app.openapi(contract.listTools, async (c) => {
    const query = c.req.valid("query");
    const page = await tools.list(c.var.principal, query);
    if (page.state === "refused") return refusal(page, c.var.requestId);
    const { resources, next } = page;
    return c.json(resources.map(shown), 200, nextLink(next, { request: c.req, originOf, limit: query.limit }));
  });

  app.openapi(contract.getTool, async (c) => {
    const found = await tools.get(c.var.principal, c.req.valid("param").name);
    if (found.state === "refused") return refusal(found, c.var.requestId);
    return c.json(shown(found.resource), 200, { etag: etag(found.resource) });
  });

  app.openapi(contract.updateTool, async (c) => {
    const { principal, requestId } = c.var;
    const { name } = c.req.valid("param");
    const expected = tagIn(c.req.valid("header")["if-match"]);
    const updated = await tools.update(principal, name, c.req.valid("json"), expected, requestId);
    if (updated.state === "refused") return refusal(updated, requestId);
    return c.json(shown(updated.resource), 200, { etag: etag(updated.resource) });
  });

  app.openapi(contract.deleteTool, async (c) => {
    const { principal, requestId } = c.var;
    const expected = tagIn(c.req.valid("header")["if-match"]);
    const removed = await tools.remove(principal, c.req.valid("param").name, expected, requestId);
    return removed.state === "refused" ? refusal(removed, requestId) : c.body(null, 204);
  });

  app.openapi(contract.getToolStatus, async (c) => {
    const found = await tools.status(c.var.principal, c.req.valid("param").name);
    return found.state === "refused" ? refusal(found, c.var.requestId) : c.json(found.status, 200);
  });

  app.openapi(contract.getToolLogs, async (c) => {
    const asked = logRequestOf(c.req.valid("query"), AbortSignal.any([c.req.raw.signal, closing]));
    const logs = await tools.logs(c.var.principal, c.req.valid("param").name, asked);
    return logsAnswer(c, logs, "tool", asked);
  });
}

/** In the contract's order of fields: a database keeps them in its own. */
function shown(tool: Resource<"tool">): ToolResource {
  return contract.ToolResource.parse(tool.body);
}
