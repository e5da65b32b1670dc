import { expect, test } from "bun:test";
import type { About } from "../../gateway/assertion/signer.ts";
import type { Forwarded } from "../../gateway/data-plane/forward.ts";
import { guards } from "../../gateway/data-plane/guards.ts";
import type { Route } from "../../gateway/data-plane/route.ts";
import type { Endpoint } from "../../gateway/runtime/runtime.ts";
import { unseen } from "../../gateway/data-plane/seen.ts";

const principal = { key: "dev:ada", id: "ada", name: "Ada", roles: ["mcp.dev"] };
const endpoint: Endpoint = { id: "pod-uid_0", name: "weather-0", origin: "http://10.0.0.7:15001", state: "ready" };
const placed: Route = { state: "placed", key: "k" };
const pinned: Route = { state: "pinned", endpoint, session: "s-1", sealed: "g1.x" };

/** What is signed, and what the request then has. */
function marked(method: string, json: unknown, route: Route) {
  let about: About | undefined;
  const marking = guards({
    sign(given) {
      about = given;
      return "signed";
    },
    guarding: { audienceOf: (adapter) => `adapter/${adapter}`, podOf: ({ id }) => id.replace("_0", "") },
  });
  const call = {
    principal,
    adapter: "weather",
    expiresAtMs: undefined,
    requestId: "1",
    address: "192.0.2.7",
    seen: unseen,
  };
  const headers: Record<string, string> = {};
  marking.mark(headers, { call, message: { method, era: "legacy" }, json }, route);
  return { about, headers };
}

test("a request in a session is vouched for in its pod only, any other for the adapter", () => {
  expect(marked("ping", {}, pinned).about).toEqual({
    principal,
    audience: "adapter/weather",
    session: "s-1",
    pod: "pod-uid",
  });
  expect(marked("initialize", {}, placed).about).toEqual({
    principal,
    audience: "adapter/weather",
    session: undefined,
    pod: undefined,
  });
});

test.each([
  ["GET", null, "GET"],
  ["batch", [{ method: "ping" }], "batch"],
  ["tools/list", { params: { name: "add" } }, "tools/list"],
  ["tools/call", { params: { name: "add" } }, "tools/call add"],
  ["tools/call", { params: { name: "two words\r\nx: y \ud800" } }, "tools/call two%20words%0D%0Ax%3A%20y%20%EF%BF%BD"],
  ["tools/call", { params: { name: 7 } }, "tools/call"],
  ["tools/call", { params: null }, "tools/call"],
  ["tools/call", [], "tools/call"],
  ["tools/call", { params: { name: "x".repeat(1000) } }, `tools/call ${"x".repeat(128)}`],
  ["not a method", {}, "not%20a%20method"],
])("of %p %p a guard hears %p", (method, json, said) => {
  expect(marked(method, json, placed).headers).toEqual({
    "mcp-gateway-assertion": "signed",
    "mcp-gateway-call": said,
  });
});

const { past } = guards({ sign: () => "", guarding: { audienceOf: () => "", podOf: () => "" } });
const answered = (status: number, headers: Record<string, string>): Forwarded => ({
  state: "answered",
  head: {
    state: "final",
    status,
    fields: Object.entries(headers).map(([name, value]) => ({ name, role: "message", value })),
    framing: { kind: "fixed", bytes: 4 },
    persistent: true,
  },
  response: new Response("body", { status }),
});
const request = {
  method: "POST",
  target: "/mcp",
  headers: {},
  body: null,
  client: new AbortController(),
  seen: unseen,
};
const through = (forwarded: Forwarded) => past(async () => forwarded)(request, endpoint);

test("what a guard could not do is told as if it were not there", async () => {
  expect(await through(answered(502, { "mcp-guard-failure": "refused" }))).toEqual({ state: "refused" });
  expect(await through(answered(502, { "mcp-guard-failure": "broken" }))).toEqual({
    state: "broken",
    reason: "its guard had no answer from it",
  });
});

test("a server's own 502, and whatever else comes, stays as it is", async () => {
  for (const forwarded of [
    answered(502, {}),
    answered(200, { "mcp-guard-failure": "refused" }),
    { state: "refused" },
    { state: "broken", reason: "x" },
    { state: "abandoned" },
  ] satisfies Forwarded[]) {
    expect(await through(forwarded)).toBe(forwarded);
  }
});
