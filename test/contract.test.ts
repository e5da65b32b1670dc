import { expect, test } from "bun:test";
import { contract } from "../openapi/document.ts";
import emitted from "../openapi/openapi.json" with { type: "json" };
import { createRest } from "../gateway/app.ts";
import { mcpTargetIn } from "../gateway/data-plane/path.ts";

const unused = () => {
  throw new Error("no request is made here");
};
const resource = { create: unused, list: unused, get: unused, update: unused, remove: unused, status: unused };
const rest = createRest({
  frontDoor: { admit: unused },
  adapters: { ...resource, logs: unused },
  tools: { ...resource, logs: unused },
  servers: resource,
  audit: { list: unused },
  doctor: { consult: unused },
  proxy: unused,
  router: unused,
  health: () => "ok",
  metrics: undefined,
  events: {} as never,
  observe: unused,
  nextRequestId: unused,
  maxBodyBytes: 1,
  originOf: unused,
  closing: new AbortController().signal,
  names: { hosts: undefined, origins: new Set() },
  challenge: unused,
  resource: undefined,
  addressOf: unused,
});

/** Routes that are not part of the API: the pages that show it. */
const pages = ["GET /openapi.json", "GET /docs", "GET /docs/scalar.js"];
const withBraces = (path: string) => path.replace(/:(\w+)/g, "{$1}");

test("what is documented is mounted and emitted, and nothing else is", () => {
  const documented = contract.map(({ method, path }) => `${method.toUpperCase()} ${path}`).toSorted();
  const inFile = Object.entries(emitted.paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    .toSorted();
  expect(inFile).toEqual(documented);

  const isMcp = (route: string) => mcpTargetIn(`http://localhost${route.slice(route.indexOf("/"))}`) !== undefined;
  expect(documented.filter(isMcp)).toEqual([
    "DELETE /adapters/{name}/mcp",
    "GET /adapters/{name}/mcp",
    "POST /adapters/{name}/mcp",
    "POST /mcp",
    "POST /servers/{name}/mcp",
  ]);
  const mounted = rest.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${withBraces(path)}`);
  expect([...new Set([...mounted, ...documented.filter(isMcp)])].toSorted()).toEqual(
    [...documented, ...pages].toSorted(),
  );
});

test("every operation has an id of its own, a summary, a tag, and examples where it takes or gives a document", () => {
  const operations = Object.values(emitted.paths).flatMap((methods) => Object.values(methods));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(37);
  for (const { summary, tags } of operations) {
    expect(summary).toBeString();
    expect(tags).toHaveLength(1);
  }
  expect(ids).toHaveLength(37);
  const { AdapterData, AdapterResource, ToolData, ToolResource, ServerData, ServerResource } =
    emitted.components.schemas;
  for (const { properties } of [AdapterData, AdapterResource, ToolData, ToolResource, ServerData, ServerResource]) {
    for (const property of Object.values(properties)) {
      // What is referred to has examples of its own.
      expect(Object.keys(property)).toContainAnyValues(["example", "examples", "default", "$ref"]);
    }
  }
});
