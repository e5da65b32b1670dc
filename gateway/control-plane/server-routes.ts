import type { ServerResource } from "../../openapi/servers.ts";
import * as contract from "../../openapi/servers.ts";
import type { RestApp } from "../rest.ts";
import type { Resource } from "../store/store.ts";
import type { ServerVerbs } from "./servers.ts";
import { etag, nextLink, refusal, tagIn } from "./rest-answers.ts";

/** The virtual servers' REST API, as the adapters' is. */
export function mountServers(app: RestApp, servers: ServerVerbs, originOf: (request: Request) => string): void {
  app.openapi(contract.createServer, async (c) => {
    const { principal, requestId } = c.var;
    const created = await servers.create(principal, c.req.valid("json"), requestId);
    if (created.state === "refused") return refusal(created, requestId);
    const location = `${originOf(c.req.raw)}/servers/${created.resource.name}`;
    return c.json(shown(created.resource), 201, { etag: etag(created.resource), location });
  });

  app.openapi(contract.listServers, async (c) => {
    const query = c.req.valid("query");
    const page = await servers.list(c.var.principal, query);
    if (page.state === "refused") return refusal(page, c.var.requestId);
    const { resources, next } = page;
    return c.json(resources.map(shown), 200, nextLink(next, { request: c.req, originOf, limit: query.limit }));
  });

  app.openapi(contract.getServer, async (c) => {
    const found = await servers.get(c.var.principal, c.req.valid("param").name);
    if (found.state === "refused") return refusal(found, c.var.requestId);
    return c.json(shown(found.resource), 200, { etag: etag(found.resource) });
  });

  app.openapi(contract.updateServer, async (c) => {
    const { principal, requestId } = c.var;
    const { name } = c.req.valid("param");
    const expected = tagIn(c.req.valid("header")["if-match"]);
    const updated = await servers.update(principal, name, c.req.valid("json"), expected, requestId);
    if (updated.state === "refused") return refusal(updated, requestId);
    return c.json(shown(updated.resource), 200, { etag: etag(updated.resource) });
  });

  app.openapi(contract.deleteServer, async (c) => {
    const { principal, requestId } = c.var;
    const expected = tagIn(c.req.valid("header")["if-match"]);
    const removed = await servers.remove(principal, c.req.valid("param").name, expected, requestId);
    return removed.state === "refused" ? refusal(removed, requestId) : c.body(null, 204);
  });

  app.openapi(contract.getServerStatus, async (c) => {
    const found = await servers.status(c.var.principal, c.req.valid("param").name);
    return found.state === "refused" ? refusal(found, c.var.requestId) : c.json(found.status, 200);
  });
}

/** In the contract's order of fields: a database keeps them in its own. */
function shown(server: Resource<"server">): ServerResource {
  return contract.ServerResource.parse(server.body);
}
