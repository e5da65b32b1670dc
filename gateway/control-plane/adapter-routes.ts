import type { AdapterResource } from "../../openapi/adapters.ts";
import * as contract from "../../openapi/adapters.ts";
import type { RestApp } from "../rest.ts";
import { managerOf, type Resource } from "../store/store.ts";
import type { AdapterVerbs } from "./adapters.ts";
import { etag, logRequestOf, logsAnswer, nextLink, refusal, type RestSurroundings, tagIn } from "./rest-answers.ts";

/** The adapters' REST API: contract in, verbs, contract out. */
export function mountAdapters(app: RestApp, adapters: AdapterVerbs, { originOf, closing }: RestSurroundings): void {
  app.openapi(contract.createAdapter, async (c) => {
    const { principal, requestId } = c.var;
    const created = await adapters.create(principal, c.req.valid("json"), requestId);
    if (created.state === "refused") return refusal(created, requestId);
    const location = `${originOf(c.req.raw)}/adapters/${created.resource.name}`;
    return c.json(shown(created.resource), 201, { etag: etag(created.resource), location });
  });

  app.openapi(contract.listAdapters, async (c) => {
    const query = c.req.valid("query");
    const page = await adapters.list(c.var.principal, query);
    if (page.state === "refused") return refusal(page, c.var.requestId);
    const { resources, next } = page;
    return c.json(resources.map(shown), 200, nextLink(next, { request: c.req, originOf, limit: query.limit }));
  });

  app.openapi(contract.getAdapter, async (c) => {
    const found = await adapters.get(c.var.principal, c.req.valid("param").name);
    if (found.state === "refused") return refusal(found, c.var.requestId);
    return c.json(shown(found.resource), 200, { etag: etag(found.resource) });
  });

  app.openapi(contract.updateAdapter, async (c) => {
    const { principal, requestId } = c.var;
    const { name } = c.req.valid("param");
    const expected = tagIn(c.req.valid("header")["if-match"]);
    const updated = await adapters.update(principal, name, c.req.valid("json"), expected, requestId);
    if (updated.state === "refused") return refusal(updated, requestId);
    return c.json(shown(updated.resource), 200, { etag: etag(updated.resource) });
  });

  app.openapi(contract.deleteAdapter, async (c) => {
    const { principal, requestId } = c.var;
    const expected = tagIn(c.req.valid("header")["if-match"]);
    const removed = await adapters.remove(principal, c.req.valid("param").name, expected, requestId);
    return removed.state === "refused" ? refusal(removed, requestId) : c.body(null, 204);
  });

  app.openapi(contract.getAdapterStatus, async (c) => {
    const found = await adapters.status(c.var.principal, c.req.valid("param").name);
    return found.state === "refused" ? refusal(found, c.var.requestId) : c.json(found.status, 200);
  });

  app.openapi(contract.getAdapterLogs, async (c) => {
    const asked = logRequestOf(c.req.valid("query"), AbortSignal.any([c.req.raw.signal, closing]));
    const logs = await adapters.logs(c.var.principal, c.req.valid("param").name, asked);
    return logsAnswer(c, logs, "adapter", asked);
  });
}

/** In the contract's order of fields: a database keeps them in its own. */
function shown({ body }: Resource<"adapter">): AdapterResource {
  return contract.AdapterResource.parse({ ...body, managedBy: managerOf(body) });
}
