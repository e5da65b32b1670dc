import { afterAll, beforeAll, expect, test } from "bun:test";
import { accessRules } from "../../gateway/auth/access.ts";
import { mountAudit } from "../../gateway/control-plane/audit-routes.ts";
import { auditVerbs } from "../../gateway/control-plane/audit-verbs.ts";
import { eventsTo } from "../../gateway/observe/events.ts";
import { openLog } from "../../gateway/observe/logs/log.ts";
import { type RestApp, restApp } from "../../gateway/rest.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Store } from "../../gateway/store/store.ts";
import type { AuditPage } from "../../openapi/audit.ts";
import { adapterBody, call } from "../store/records.ts";

let store: Store;
let app: RestApp;

beforeAll(async () => {
  store = await openPglite({});
  const events = eventsTo(openLog("silent"));
  const nextRequestId = () => "request-9";
  app = restApp({ events, nextRequestId });
  app.use("/audit", (c, next) => {
    const roles = (c.req.header("roles") ?? "").split(",");
    c.set("principal", { key: "dev:eve", id: "eve", name: "Eve", roles });
    c.set("requestId", nextRequestId());
    return next();
  });
  const access = accessRules({ admin: "mcp.admin", workloadIdentity: [] });
  mountAudit(app, auditVerbs({ access, store }));

  await store.create("adapter", "weather", adapterBody("weather"), { id: "ada", requestId: "request-1" });
  const at = (second: number) => new Date(Date.UTC(2026, 10, 1, 0, 0, second));
  await store.recordCalls(
    [1, 2, 3, 4, 5].map((count) => call({ actor: "bob", requestId: `c-${count}`, at: at(count) })),
  );
});
afterAll(() => store[Symbol.asyncDispose]());

const get = (query: string, roles = "mcp.admin") => app.request(`/audit${query}`, { headers: { roles } });
async function pageOf(query: string): Promise<AuditPage> {
  const response = await get(query);
  expect(response.status).toBe(200);
  return (await response.json()) as AuditPage;
}
const ids = ({ entries }: AuditPage) => entries.map(({ requestId }) => requestId);

test("an admin reads writes and calls, newest first, with every field in the contract's order", async () => {
  const response = await get("?limit=6");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const page = (await response.json()) as AuditPage;
  expect(ids(page)).toEqual(["request-1", "c-5", "c-4", "c-3", "c-2", "c-1"]);
  expect(page.next).toBeNull();
  expect(page.entries[1]).toMatchObject({ actor: "bob", action: "call", tool: "forecast", durationMs: 42 });
  expect(Object.keys(page.entries[0] ?? {}).join()).toBe(
    "id,at,actor,action,kind,name,uid,revision,requestId,outcome,tool,session,status,durationMs,argumentsHash,arguments",
  );
});

test("who is not an admin gets 403, whatever else they are and ask", async () => {
  for (const query of ["", "?actor=eve", "?cursor=nonsense"]) {
    const response = await get(query, "mcp.engineer,mcp.admins");
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ status: 403, detail: "Only an admin may read the audit trail." });
  }
});

test("pages are walked with next, and filters go on over them", async () => {
  const first = await pageOf("?actor=bob&limit=2");
  const second = await pageOf(`?actor=bob&limit=2&cursor=${first.next}`);
  const third = await pageOf(`?actor=bob&limit=2&cursor=${second.next}`);
  expect([ids(first), ids(second), ids(third)]).toEqual([["c-5", "c-4"], ["c-3", "c-2"], ["c-1"]]);
  expect(third.next).toBeNull();
  expect(ids(await pageOf("?action=create&name=weather"))).toEqual(["request-1"]);
  expect(ids(await pageOf("?since=2026-11-01T00:00:02Z&until=2026-11-01T00:00:04Z"))).toEqual(["c-3", "c-2"]);
  expect(ids(await pageOf("?kind=adapter&action=create"))).toEqual(["request-1"]);
  expect(ids(await pageOf("?kind=server"))).toEqual([]);
  expect(ids(await pageOf("?tool=nothing"))).toEqual([]);
});

test("a question that cannot be answered is a 400 that names what is wrong with it", async () => {
  const wrong: [string, string][] = [
    ["?cursor=nonsense", "cursor: Not one that this gateway gave out. Start without one."],
    ["?limit=501", "limit: Too big: expected number to be <=500"],
    ["?limit=0", "limit: Too small: expected number to be >=1"],
    ["?actor=%00", "actor: Must be text without NUL."],
    ["?since=yesterday", "since: Invalid ISO datetime"],
    ["?since=0000-01-01T00:00:00Z", "since: Must be between 1970 and 9999."],
    ["?until=9999-12-31T23:59:59-10:00", "until: Must be between 1970 and 9999."],
    ["?kind=agent", 'kind: Invalid option: expected one of "adapter"|"tool"|"server"'],
    ["?action=drop", 'action: Invalid option: expected one of "create"|"update"|"delete"|"call"'],
  ];
  for (const [query, detail] of wrong) {
    const response = await get(query);
    expect([query, response.status]).toEqual([query, 400]);
    expect(await response.json()).toMatchObject({ detail, requestId: "request-9" });
  }
});
