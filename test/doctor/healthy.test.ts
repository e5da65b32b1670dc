import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as v2 from "@modelcontextprotocol/client";
import * as api from "../../openapi/client/index.ts";
import { type Client, clientOf } from "../support/client.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { oauthClient } from "../support/oauth-client.ts";
import { startOidcGateway } from "../support/oidc-gateway.ts";
import type { ResourceServer } from "../support/resource-server.ts";
import { until } from "../support/until.ts";
import { reference, registrar, standAt } from "../router/stand.ts";
import { examine, faults, stepOf, takenIn } from "./examine.ts";
import { startMcpServer } from "./mcp-server.ts";

const stack = new AsyncDisposableStack();
let gateway: TestGateway;
let laptop: TestGateway;

beforeAll(async () => {
  const good = stack.use(startMcpServer());
  const legacy = stack.use(startMcpServer(undefined, { modern: false }));
  // Bun's server holds the headers of a stream back until its first byte, which else would be an event some day.
  Bun.env["KEEP_ALIVE_MS"] = "100";
  const everything = stack.use(await reference());
  const origins = { good: [good.origin], legacy: [legacy.origin], reference: [everything.origin] };
  gateway = stack.use(await standAt(origins));
  const register = registrar(gateway);
  for (const name of Object.keys(origins)) await register.adapter({ name, exposeTools: true });
  await register.server({ name: "support", description: "", tools: [{ adapter: "good", tool: "add" }] });
  laptop = stack.use(await startGateway());
  await healthyExample(laptop.as());
});
afterAll(() => stack.disposeAsync());

async function healthyExample(client: Client): Promise<void> {
  const body = { name: "example", imageName: "mcp-example", imageVersion: "1", replicaCount: 2 };
  expect((await api.createAdapter({ client, body })).response?.status).toBe(201);
  await until("example is healthy", async () => {
    const { data } = await api.getAdapterStatus({ client, path: { name: "example" } });
    return data?.replicaStatus === "Healthy";
  });
}

const inSession = [
  ...["initialize", "session-id", "initialized", "pin", "stream", "tools"],
  ...["stale-id", "foreign-id", "revision", "delete", "ended"],
];
const withoutSession = ["initialize", "initialized", "stream", "tools"];
const modern = ["modern-tools", "modern-headers", "modern-stream"];
const reached = ["url", "dns", "tcp", "door", "foreign-origin"];

describe("from outside, nothing is wrong with", () => {
  test.each<[string, () => string, string[]]>([
    ["an adapter of both eras", () => gateway.mcpUrl("good").href, [...inSession, ...modern]],
    ["an adapter of the legacy era", () => gateway.mcpUrl("legacy").href, inSession],
    ["the reference server", () => gateway.mcpUrl("reference").href, [...inSession, ...modern]],
    ["an adapter on a laptop", () => laptop.mcpUrl("example").href, [...inSession, ...modern]],
    ["the tool router", () => `${gateway.url}/mcp`, [...withoutSession, ...modern]],
    ["a virtual server", () => `${gateway.url}/servers/support/mcp`, [...withoutSession, ...modern]],
  ])("%s", async (_what, url, steps) => {
    const diagnosis = await examine(url().replace("127.0.0.1", "localhost"), {
      args: ["--origin", "http://localhost:3000"],
    });
    expect(faults(diagnosis)).toEqual([]);
    expect(takenIn(diagnosis)).toEqual([...reached, "cors", "era", ...steps]);
    expect(diagnosis.outcome).toBe("ok");
  });
});

describe("from inside, nothing is wrong with", () => {
  const looked = ["url", "door", "foreign-origin", "token", "era"];

  test("an adapter whose server does all that it should", async () => {
    const { data } = await api.diagnoseAdapter({ client: gateway.as(), path: { name: "good" } });
    if (!data) throw new Error("no diagnosis");
    expect(faults(data)).toEqual([]);
    const replica = ["good-0/revisions", "good-0/stale-id", "good-0/stream", "good-0/origin"];
    expect(takenIn(data)).toEqual(["public-origin", "replicas", ...looked, ...inSession, ...modern, ...replica]);
    expect(stepOf(data, "pin").got).toBe("6 of 6 calls were answered. The session is on good-0.");
    expect(stepOf(data, "good-0/revisions").got).toBe("It speaks 2025-11-25 with sessions, 2026-07-28.");
    expect(data.target).toBe(`${gateway.url}/adapters/good/mcp`);
  });

  test("the tool router and a virtual server", async () => {
    for (const { data } of [
      await api.diagnoseRouter({ client: gateway.as() }),
      await api.diagnoseServer({ client: gateway.as(), path: { name: "support" } }),
    ]) {
      if (!data) throw new Error("no diagnosis");
      expect(faults(data)).toEqual([]);
      expect(takenIn(data)).toEqual(["public-origin", ...looked, ...withoutSession, ...modern]);
    }
  });

  test("an adapter on a laptop with guards", async () => {
    await using guarded = await startGateway({ GUARD: "on" });
    await healthyExample(guarded.as());
    const { data } = await api.diagnoseAdapter({ client: guarded.as(), path: { name: "example" } });
    if (!data) throw new Error("no diagnosis");
    expect(faults(data)).toEqual([]);
    expect(stepOf(data, "example-0/origin").got).toBe("A guard stands before it: only the gateway reaches it.");
    expect(stepOf(data, "example-1/stale-id").outcome).toBe("ok");
  });

  test("an adapter on a laptop without", async () => {
    const { data } = await api.diagnoseAdapter({ client: laptop.as(), path: { name: "example" } });
    if (!data) throw new Error("no diagnosis");
    expect(faults(data)).toEqual([]);
    expect(stepOf(data, "replicas").got).toBe("2 of 2 replicas ready.");
    expect(stepOf(data, "pin").got).toMatch(/The session is on example-[01]\.$/);
  });
});

describe.each(["exact", "origin"] as const)(
  "with real tokens, the resource being %s, nothing is wrong with",
  (mode) => {
    const door = [
      "door",
      "challenge",
      "metadata",
      "resource",
      "issuer",
      "pkce",
      "registration",
      "foreign-origin",
      "token",
      "era",
    ];
    let issuer: Issuer;
    let guarded: ResourceServer;

    beforeAll(async () => {
      issuer = stack.use(
        await startIssuer({ scopes: ["mcp", "mcp.write"], claims: { ada: { roles: ["mcp.admin"] } } }),
      );
      guarded = stack.use(await startOidcGateway(issuer, { mode, requiredScopes: ["mcp"] }));
    });

    /** As a client gets it that was only told the URL. */
    async function tokenFor(serverUrl: URL): Promise<string> {
      const provider = oauthClient();
      await v2.auth(provider, { serverUrl });
      const transport = new v2.StreamableHTTPClientTransport(serverUrl, { authProvider: provider });
      await transport.finishAuth((await provider.callback()).searchParams);
      return (await provider.tokens())?.access_token ?? "";
    }

    test("an adapter, from outside and from inside", async () => {
      const url = guarded.mcpUrl("weather");
      const token = await tokenFor(url);
      const outside = await examine(url, { token });
      expect(faults(outside)).toEqual([]);
      expect(takenIn(outside)).toEqual(["url", "tcp", ...door, ...inSession, ...modern]);

      const client = clientOf(guarded.url, { authorization: `Bearer ${await tokenFor(new URL(guarded.url))}` });
      const { data } = await api.diagnoseAdapter({ client, path: { name: "weather" } });
      if (!data) throw new Error("no diagnosis");
      expect(faults(data)).toEqual([]);
      expect(takenIn(data)).toEqual([
        ...["public-origin", "replicas", "url", "tcp", ...door, ...inSession, ...modern],
        ...["weather-0/revisions", "weather-0/stale-id", "weather-0/stream", "weather-0/origin"],
      ]);
    });
  },
);
