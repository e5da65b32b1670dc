import { expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { devHeaders } from "../support/gateway.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { modern, reference, registrar, send, standAt } from "./stand.ts";

/** Opens `subscriptions/listen` and gathers what comes. */
function listen(url: URL, userId: string, ...roles: string[]) {
  const closing = new AbortController();
  const heard: string[] = [];
  const notifications = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
  const reading = (async () => {
    const response = await send(
      url,
      "subscriptions/listen",
      { notifications },
      devHeaders(userId, ...roles),
      closing.signal,
    );
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      heard.splice(
        0,
        heard.length,
        ...[...text.matchAll(/"method":"notifications\/([^"]+)"/g)].map(([, name]) => name ?? ""),
      );
    }
  })().catch(() => {});
  return {
    heard,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await reading;
    },
  };
}

test("a tool that is made at one gateway is heard of at another", async () => {
  await using store = await temporaryStore();
  await using first = await standAt({}, {}, store);
  await using second = await standAt({}, {}, store);
  await using client = listen(new URL("/mcp", second.url), "ada");
  await until("the subscription", () => client.heard.includes("subscriptions/acknowledged"));
  await registrar(first, "ada").tool("fresh");
  await until("the news", () => client.heard.includes("tools/list_changed"));
  const { result } = await modern(new URL("/mcp", second.url), "tools/list", {}, devHeaders("ada"));
  expect(result.tools.map(({ name }) => name)).toEqual(["fresh"]);
});

test("an adapter's own changes are heard of at the router, and its list is read anew", async () => {
  await using server = await reference();
  await using gateway = await standAt({ docs: [server.origin] });
  await registrar(gateway).adapter({ name: "docs", exposeTools: true });
  const mcp = new URL("/mcp", gateway.url);
  const described = async () => {
    const { result } = await modern(mcp, "tools/list", {}, devHeaders("dev"));
    return result.tools.find(({ name }) => name === "docs_test_trigger_tool_change")?.description;
  };
  await using client = listen(mcp, "dev");
  await until("the subscription", () => client.heard.includes("subscriptions/acknowledged"));
  const before = await described();
  expect(before).toContain("changed 0 times");
  let changes = 0;
  // The router's own subscription at the server may open a moment later than its list was read.
  await until("the news", async () => {
    await modern(mcp, "tools/call", { name: "docs_test_trigger_tool_change", arguments: {} }, devHeaders("dev"));
    changes += 1;
    await Bun.sleep(100);
    return client.heard.includes("tools/list_changed");
  });
  await until("the new description", async () => (await described())?.includes(`changed ${changes} times`));
});

test("a client that listens to a virtual server hears that its selection has changed", async () => {
  await using gateway = await standAt({});
  const register = registrar(gateway, "ada");
  await register.server({ name: "team", tools: [] });
  await using client = listen(new URL("/servers/team/mcp", gateway.url), "ada");
  await until("the subscription", () => client.heard.includes("subscriptions/acknowledged"));
  await api.updateServer({
    client: gateway.as("ada"),
    path: { name: "team" },
    body: { name: "team", tools: [{ tool: "x" }] },
  });
  await until("the news", () => client.heard.includes("tools/list_changed"));
});
