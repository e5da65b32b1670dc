import type { AdapterResource } from "../../openapi/adapters.ts";
import * as contract from "../../openapi/adapters.ts";
import { type ProblemStatus, problem } from "../problem.ts";
import type { RestApp } from "../rest.ts";
import { type Adapter, type AdapterVerbs, tagOf } from "./adapters.ts";
import type { Refusal } from "./refusal.ts";

/** The adapters' REST API: contract in, verbs, contract out. `originOf` is the origin by which the caller knows us. */
export function mountAdapters(app: RestApp, adapters: AdapterVerbs, originOf: (request: Request) => string): void {
  app.openapi(contract.createAdapter, async (c) => {
    const created = await adapters.create(c.var.principal, c.req.valid("json"), c.var.requestId);
    if (created.state === "refused") return refusal(created, c.var.requestId);
    const location = `${originOf(c.req.raw)}/adapters/${created.adapter.name}`;
    return c.json(shown(created.adapter), 201, { etag: etag(created.adapter), location });
  });

  app.openapi(contract.listAdapters, async (c) => {
    const readable = await adapters.list(c.var.principal);
    return c.json(readable.map(shown), 200);
  });

  app.openapi(contract.getAdapter, async (c) => {
    const found = await adapters.get(c.var.principal, c.req.valid("param").name);
    if (found.state === "refused") return refusal(found, c.var.requestId);
    return c.json(shown(found.adapter), 200, { etag: etag(found.adapter) });
  });

  app.openapi(contract.updateAdapter, async (c) => {
    const { principal, requestId } = c.var;
    const expected = tagIn(c.req.valid("header")["if-match"]);
    const updated = await adapters.update(
      principal,
      c.req.valid("param").name,
      c.req.valid("json"),
      expected,
      requestId,
    );
    if (updated.state === "refused") return refusal(updated, requestId);
    return c.json(shown(updated.adapter), 200, { etag: etag(updated.adapter) });
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
    const { instance, tail, follow } = c.req.valid("query");
    const { signal } = c.req.raw;
    const request = { instance, tailLines: tail, follow: follow === "true", signal };
    const logs = await adapters.logs(c.var.principal, c.req.valid("param").name, request);
    switch (logs.state) {
      case "refused":
        return refusal(logs, c.var.requestId);
      case "absent":
        return problem(404, `The adapter has no instance ${instance}.`, c.var.requestId);
      case "starting":
        return c.text(
          `Logs are not yet available for instance ${instance} (pod is starting). Try again in a few seconds.`,
          200,
        );
      case "open":
        return c.body(logs.lines, 200, {
          "content-type": "text/plain; charset=utf-8",
          "x-accel-buffering": "no",
        }) as never;
    }
  });
}

const statusOf: Record<Refusal["why"], ProblemStatus> = {
  invalid: 400,
  forbidden: 403,
  absent: 404,
  exists: 409,
  stale: 412,
  unrunnable: 422,
};

function refusal({ why, detail }: Refusal, requestId: string) {
  return problem(statusOf[why], detail, requestId);
}

function etag(adapter: Adapter): string {
  return `"${tagOf(adapter)}"`;
}

/** RFC 9110 §13.1.1: `*` is any state. Whatever we never gave out is compared too, and equals none. */
function tagIn(ifMatch: string | undefined): string | undefined {
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  return /^(?:W\/)?"(.*)"$/.exec(ifMatch.trim())?.[1] ?? "";
}

/** In the contract's order of fields: a database keeps them in its own. */
function shown(adapter: Adapter): AdapterResource {
  return contract.AdapterResource.parse(adapter.body);
}
