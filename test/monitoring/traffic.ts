import { writeFile } from "node:fs/promises";
import * as api from "../../openapi/client/index.ts";
import { podOf, reviewOf } from "../injector/reviews.ts";
import { serverName } from "../injector/webhook.ts";
import { clientKinds } from "../support/mcp-clients.ts";
import { until } from "../support/until.ts";
import type { Stand } from "./stand.ts";

/** Everything that can happen on a laptop, good and bad, once. */
export async function everythingHappens(stand: Stand, round: number): Promise<void> {
  await requests(stand);
  await sessions(stand);
  await strangers(stand);
  await streams(stand);
  await operations(stand);
  await reviews(stand);
  await writeFile(stand.levelFile, ["debug", "no level", "warn", "info"][round % 4] ?? "");
}

async function requests(stand: Stand): Promise<void> {
  const ada = speaking(stand, await stand.tokenOf("ada"));
  const session = await ada.opened("moody");
  for (const tool of ["add", "fail", "not-allowed"]) await ada.call("moody", tool, session);
  await ada.message("moody", { method: "no/such/method" }, session);
  // Waits for a second, in vain.
  await ada.call("mute", "add");
  for (const [path, tool] of [
    ["/mcp", "example_add"],
    ["/servers/team/mcp", "add"],
  ] as const) {
    const client = await clientKinds.v2(new URL(path, stand.gateway.url), ada.headers);
    await client.call(tool, { a: 1, b: 2 });
    await client.end();
  }
}

/** One is ended, one forgotten, one guessed; one goes with its replica, in the middle of a call, and the next one waits. */
async function sessions(stand: Stand): Promise<void> {
  const ada = speaking(stand, await stand.tokenOf("ada"));
  const ended = await ada.opened("moody");
  await fetch(ada.at("moody"), { method: "DELETE", headers: { ...ada.headers, "mcp-session-id": ended } });
  const forgotten = await ada.opened("moody");
  await ada.call("moody", "forget", forgotten);
  await ada.call("moody", "add", forgotten);
  await ada.call("moody", "add", "guessed");
  const mortal = await until("the mortal server is back", async () => await ada.opened("mortal"), 30_000);
  await ada.call("mortal", "die", mortal);
  await ada.call("mortal", "add", mortal);
}

async function strangers(stand: Stand): Promise<void> {
  const { issuer } = stand;
  const expired = await issuer.token({ aud: "gateway", scope: "mcp", sub: "ada" }, { expiresInS: -100 });
  const foreign = await issuer.token({ aud: "another", scope: "mcp", sub: "ada" });
  for (const token of ["", "nonsense", expired, foreign]) await speaking(stand, token).call("moody", "add");
}

/** One is allowed at a time. */
async function streams(stand: Stand): Promise<void> {
  const eve = speaking(stand, await stand.tokenOf("eve"));
  const headers = { ...eve.headers, "mcp-session-id": await eve.opened("moody") };
  const closing = new AbortController();
  await fetch(eve.at("moody"), { headers, signal: closing.signal });
  await (await fetch(eve.at("moody"), { headers })).text();
  closing.abort();
}

async function operations({ client }: Stand): Promise<void> {
  await api.listAdapters({ client });
  await api.getAdapter({ client, path: { name: "nobody" } });
  const body = {
    name: "short",
    description: "",
    requiredRoles: ["mcp.dev"],
    tools: [{ adapter: "example", tool: "add" }],
  };
  await api.createServer({ client, body });
  await api.deleteServer({ client, path: { name: "short" } });
}

async function reviews({ injector, kubernetes }: Stand): Promise<void> {
  const ca = await until("the injector has told its authority", () => kubernetes.bundle());
  for (const body of [reviewOf(podOf()), { kind: "Nonsense" }]) {
    const response = await fetch(`https://127.0.0.1:${injector.webhook}/inject?timeout=5s`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      keepalive: false,
      tls: { ca, serverName },
    });
    await response.text();
  }
}

/** MCP by hand, revision 2025-11-25, so that nothing is tried again. */
function speaking({ gateway }: Stand, token: string) {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
    ...(token && { authorization: `Bearer ${token}` }),
  };
  return { headers, at: gateway.mcpUrl, message, call, opened };

  async function message(adapter: string, body: object, session?: string): Promise<Response> {
    const response = await fetch(gateway.mcpUrl(adapter), {
      method: "POST",
      headers: { ...headers, ...(session && { "mcp-session-id": session }) },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }),
    });
    // What broke off is as good as an answer here.
    await response.text().catch(() => "");
    return response;
  }

  function call(adapter: string, tool: string, session?: string): Promise<Response> {
    return message(adapter, { method: "tools/call", params: { name: tool, arguments: { a: 1, b: 2 } } }, session);
  }

  async function opened(adapter: string): Promise<string> {
    const clientInfo = { name: "test", version: "1" };
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    const { headers } = await message(adapter, { method: "initialize", params });
    return headers.get("mcp-session-id") ?? "";
  }
}
