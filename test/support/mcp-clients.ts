import * as v2 from "@modelcontextprotocol/client";
import { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as V1Transport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

/** What the tests ask of an MCP client, whichever SDK it is made with. */
export type TestClient = {
  /** The negotiated revision. */
  revision(): string | undefined;
  session(): string | undefined;
  tools(): Promise<string[]>;
  /** Calls a tool; gives the first text, and counts progress. */
  call(name: string, args?: Record<string, unknown>): Promise<string>;
  /** What came without being asked for, by method. */
  readonly heard: { progress: number; logs: number; resourceListChanged: number; sampled: number; elicited: number };
  /** Ends the session (DELETE), then the connection. */
  end(): Promise<void>;
};

export const clientKinds = { v1: connectV1, v2: connectV2("legacy"), "v2 auto": connectV2("auto") } as const;

const info = { name: "test", version: "1.0.0" };
const capabilities = { sampling: {}, elicitation: {} };
const sampled = {
  model: "test",
  role: "assistant" as const,
  content: { type: "text" as const, text: "sampled answer" },
};
const elicited = { action: "accept" as const, content: { name: "Ada" } };
const silence = () => ({ progress: 0, logs: 0, resourceListChanged: 0, sampled: 0, elicited: 0 });

async function connectV1(url: URL, headers: Record<string, string>): Promise<TestClient> {
  const heard = silence();
  const client = new V1Client(info, { capabilities });
  client.setRequestHandler(CreateMessageRequestSchema, () => {
    heard.sampled++;
    return sampled;
  });
  client.setRequestHandler(ElicitRequestSchema, () => {
    heard.elicited++;
    return elicited;
  });
  client.setNotificationHandler(LoggingMessageNotificationSchema, () => void heard.logs++);
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void heard.resourceListChanged++);
  const transport = new V1Transport(url, { requestInit: { headers } });
  await client.connect(transport);
  return {
    revision: () => transport.protocolVersion,
    session: () => transport.sessionId,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) =>
      firstText(
        await client.callTool({ name, arguments: args }, undefined, { onprogress: () => void heard.progress++ }),
      ),
    heard,
    async end() {
      await transport.terminateSession();
      await client.close();
    },
  };
}

function connectV2(mode: "legacy" | "auto") {
  return async (url: URL, headers: Record<string, string>): Promise<TestClient> => {
    const heard = silence();
    const client = new v2.Client(info, { capabilities, versionNegotiation: { mode } });
    client.setRequestHandler("sampling/createMessage", () => {
      heard.sampled++;
      return sampled;
    });
    client.setRequestHandler("elicitation/create", () => {
      heard.elicited++;
      return elicited;
    });
    client.setNotificationHandler("notifications/message", () => void heard.logs++);
    client.setNotificationHandler("notifications/resources/list_changed", () => void heard.resourceListChanged++);
    const transport = new v2.StreamableHTTPClientTransport(url, { requestInit: { headers } });
    await client.connect(transport);
    return {
      revision: () => client.getNegotiatedProtocolVersion(),
      session: () => transport.sessionId,
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: async (name, args = {}) =>
        firstText(await client.callTool({ name, arguments: args }, { onprogress: () => void heard.progress++ })),
      heard,
      async end() {
        await transport.terminateSession();
        await client.close();
      },
    };
  };
}

function firstText(result: unknown): string {
  const { content } = result as { content?: { type: string; text?: string }[] };
  return content?.find(({ type }) => type === "text")?.text ?? "";
}
