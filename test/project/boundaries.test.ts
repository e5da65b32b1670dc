import { expect, test } from "bun:test";
import { lint } from "./lint.ts";

/** file, what it imports */
const allowed: [string, string][] = [
  ["openapi/adapters.ts", "@hono/zod-openapi"],
  ["openapi/adapters.ts", "./problem.ts"],
  ["openapi/emit.ts", "@hey-api/openapi-ts"],
  ["gateway/app.ts", "../openapi/document.ts"],
  ["gateway/app.ts", "./control-plane/adapters.ts"],
  ["gateway/app.ts", "./data-plane/proxy.ts"],
  ["gateway/app.ts", "./store/view.ts"],
  ["gateway/parts.ts", "./store/pglite.ts"],
  ["gateway/parts.ts", "./runtime/local/local-runtime.ts"],
  ["gateway/control-plane/adapters.ts", "../../openapi/adapters.ts"],
  ["gateway/control-plane/adapters.ts", "../auth/access.ts"],
  ["gateway/control-plane/adapters.ts", "../store/store.ts"],
  ["gateway/data-plane/proxy.ts", "../observe/events.ts"],
  ["gateway/data-plane/proxy.ts", "../store/view.ts"],
  ["gateway/data-plane/proxy.ts", "../runtime/runtime.ts"],
  ["gateway/data-plane/proxy.ts", "hono"],
  ["gateway/doctor/client/tools.ts", "../../data-plane/router/lists/tokens.ts"],
  ["gateway/doctor/upstream/replica.ts", "../client/stale.ts"],
  ["gateway/store/pglite.ts", "./sql-store.ts"],
  ["gateway/store/schema.ts", "../root.ts"],
  ["gateway/runtime/local/guard.ts", "../../root.ts"],
  ["gateway/runtime/images/bundled-images.ts", "../../root.ts"],
  ["gateway/store/transfer/record.ts", "../canonical-json.ts"],
  ["gateway/runtime/kubernetes/kubernetes-runtime.ts", "./objects/owner.ts"],
  ["gateway/runtime/local/local-runtime.ts", "../runtime.ts"],
  ["gateway/runtime/images/mcp-proxy/mcp-proxy.ts", "../serve-image.ts"],
  ["gateway/data-plane/proxy.ts", "../assertion/signer.ts"],
  ["gateway/runtime/kubernetes/objects/pod-template.ts", "../../../../injector/pod/with-guard.ts"],
  ["injector/main.ts", "../gateway/observe/logs/log.ts"],
  ["injector/certificates/secret.ts", "../../gateway/runtime/kubernetes/api/client.ts"],
  ["injector/guard/main.ts", "../../gateway/data-plane/upstream/exchange.ts"],
  ["injector/guard/main.ts", "../../gateway/assertion/assertion.ts"],
  ["k8s/monitoring/metrics.ts", "../../gateway/observe/definitions/metrics.ts"],
  ["k8s/monitoring/rows/store.ts", "../metrics.ts"],
  ["test/gateway.test.ts", "../gateway/store/pglite.ts"],
];
const trespasses: [string, string][] = [
  ["gateway/store/transfer/move.ts", "../pglite.ts"],
  ["gateway/store/cosmos/items.ts", "../sql-store.ts"],
  ["gateway/runtime/kubernetes/objects/owner.ts", "../api/client.ts"],
  ["gateway/data-plane/router/peers/peers.ts", "../lists/catalogue.ts"],
  ["gateway/doctor/inside.ts", "../data-plane/proxy.ts"],
  ["gateway/doctor/client/door.ts", "../../data-plane/forward.ts"],
  ["openapi/adapters.ts", "../gateway/store/store.ts"],
  ["openapi/adapters.ts", "hono"],
  ["openapi/adapters.ts", "node:fs"],
  ["openapi/adapters.ts", "@hey-api/openapi-ts"],
  ["gateway/control-plane/adapters.ts", "../data-plane/proxy.ts"],
  ["gateway/control-plane/adapters.ts", "./../data-plane/proxy.ts"],
  ["gateway/control-plane/adapters.ts", "../store/pglite.ts"],
  ["gateway/control-plane/adapters.ts", "../parts.ts"],
  ["gateway/data-plane/proxy.ts", "../control-plane/adapters.ts"],
  ["gateway/data-plane/proxy.ts", "../runtime/local/local-runtime.ts"],
  ["gateway/data-plane/proxy.ts", "../../test/support/gateway.ts"],
  ["gateway/data-plane/affinity.ts", "./forward.ts"],
  ["gateway/data-plane/affinity.ts", "node:crypto"],
  ["gateway/auth/access.ts", "jose"],
  ["gateway/agents/loop.ts", "../control-plane/adapters.ts"],
  ["gateway/observe/events.ts", "../store/store.ts"],
  ["gateway/observe/traces/trace.ts", "../../store/store.ts"],
  ["gateway/store/pglite.ts", "../control-plane/adapters.ts"],
  ["gateway/store/cosmos/items.ts", "../../root.ts"],
  ["gateway/store/pglite.ts", "../runtime/runtime.ts"],
  ["gateway/runtime/local/local-runtime.ts", "../../store/store.ts"],
  ["gateway/runtime/local/local-runtime.ts", "../images/mcp-example.ts"],
  ["gateway/runtime/images/mcp-example.ts", "../../store/store.ts"],
  ["gateway/runtime/images/mcp-proxy/mcp-proxy.ts", "../../../auth/principal.ts"],
  ["gateway/app.ts", "./store/pglite.ts"],
  ["gateway/app.ts", "./runtime/local/local-runtime.ts"],
  ["gateway/app.ts", "../test/support/gateway.ts"],
  ["gateway/app.ts", "../injector/decide.ts"],
  ["gateway/parts.ts", "./runtime/images/mcp-example.ts"],
  ["gateway/parts.ts", "../test/support/gateway.ts"],
  ["injector/main.ts", "../gateway/config.ts"],
  ["injector/pod/with-guard.ts", "../decide.ts"],
  ["injector/pod/with-guard.ts", "node:crypto"],
  ["injector/guard/main.ts", "../../gateway/runtime/kubernetes/api/client.ts"],
  ["injector/guard/main.ts", "../../gateway/data-plane/proxy.ts"],
  ["k8s/monitoring/metrics.ts", "../../gateway/parts.ts"],
  ["k8s/monitoring/rows/store.ts", "../../../gateway/observe/definitions/metrics.ts"],
];

test("folders import what the map allows", async () => {
  expect(await refused(allowed)).toEqual([]);
});

test("no folder imports past the map", async () => {
  expect(await refused(trespasses)).toEqual(trespasses);
});

test("a type, a re-export and a dynamic import trespass as well", async () => {
  const file = "gateway/data-plane/proxy.ts";
  for (const text of [
    'import type { Adapters } from "../control-plane/adapters.ts";\nexport type Mine = Adapters;\n',
    'export { adapters } from "../control-plane/adapters.ts";\n',
    'export const adapters = await import("../control-plane/adapters.ts");\n',
  ]) {
    expect(await lint({ [file]: text })).toContain(`${file}:1 noRestrictedImports`);
  }
  const inline = 'export type Mine = import("../control-plane/adapters.ts").Adapters;\n';
  expect(await lint({ [file]: inline })).toEqual([`${file}:1 plugin`]);
});

test("a pure rule reads no clock and opens no connection", async () => {
  const file = "gateway/data-plane/headers.ts";
  const text = 'export const now = () => Date.now();\nexport const get = () => fetch("http://localhost");\n';
  expect(await lint({ [file]: text })).toEqual([`${file}:1 noRestrictedGlobals`, `${file}:2 noRestrictedGlobals`]);
});

/** Those rows that the linter does not let pass. Rows of one file are its lines. */
async function refused(rows: [string, string][]) {
  const imports = Map.groupBy(rows, ([file]) => file);
  const text = (rows: [string, string][]) => rows.map(([, from]) => `export { thing } from "${from}";\n`).join("");
  const complaints = await lint(Object.fromEntries([...imports].map(([file, rows]) => [file, text(rows)])));
  return rows.filter((row) => {
    const line = (imports.get(row[0]) ?? []).indexOf(row) + 1;
    return complaints.includes(`${row[0]}:${line} noRestrictedImports`);
  });
}
