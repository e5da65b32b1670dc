import { forwardBySocket } from "../../../gateway/data-plane/forward.ts";
import { replicasOf } from "../../../gateway/data-plane/replicas.ts";
import type { Caller } from "../../../gateway/data-plane/router/caller.ts";
import { type ToolCallLimits, toolCalls } from "../../../gateway/data-plane/router/tools/call.ts";
import type { ToolResult } from "../../../gateway/data-plane/router/tools/result.ts";
import { jsonSchemas } from "../../../gateway/json-schema.ts";
import type { Endpoint } from "../../../gateway/runtime/runtime.ts";
import type { Resource } from "../../../gateway/store/store.ts";
import type { McpTool, ToolDefinition } from "../../../openapi/tools.ts";
import { endpointAt, staticRuntime } from "../../support/static-runtime.ts";
import { unseen } from "../../../gateway/data-plane/seen.ts";

/** A tool "weather" whose program is whatever the test serves, called as the router calls it, over real sockets. */
export type ToolStand = Disposable & {
  call(args?: unknown, changes?: Changes): Promise<ToolResult>;
  /** The replicas, by the addresses they listen at. */
  setReplicas(...urls: readonly string[]): void;
  /** What was told to the log. */
  readonly told: readonly string[];
  /** Sockets to the tool that are open now. */
  readonly connections: number;
};

type Changes = {
  tool?: Partial<McpTool>;
  definition?: Partial<ToolDefinition>;
  caller?: Partial<Caller>;
  replicaCount?: number;
};

const limits: ToolCallLimits = { holdMs: 50, newsMs: 50, toolTimeoutMs: 10_000, maxAnswerBytes: 4 * 1024 * 1024 };

export function toolStand(changed: Partial<ToolCallLimits> = {}): ToolStand {
  const stack = new DisposableStack();
  const upstreams = stack.use(forwardBySocket({ connectMs: 1000, idleMs: 4000, maxIdle: 8, maxOpen: 100 }, Date.now));
  let endpoints: readonly Endpoint[] = [];
  const runtime = staticRuntime([]);
  void runtime.apply({ name: "weather" } as Parameters<typeof runtime.apply>[0]);
  const told: string[] = [];
  const call = toolCalls({
    forward: upstreams.forward,
    replicas: replicasOf(runtime.endpoints),
    schemas: jsonSchemas(),
    events: {
      upstreamFailed: ({ replica, reason }) => void told.push(`${replica}: ${reason}`),
      noReplicaReady: ({ adapter }) => void told.push(`${adapter}: none ready`),
    },
    limits: { ...limits, ...changed },
    nonce: () => Math.random().toString(36),
  });
  return {
    call: (args, changes = {}) => call(resourceOf(changes), args, { ...caller, ...changes.caller }),
    setReplicas(...urls) {
      endpoints = urls.map((url, instance) => endpointAt(new URL(url).origin, `weather-${instance}`));
      runtime.set(endpoints);
    },
    told,
    get connections() {
      return upstreams.connections;
    },
    [Symbol.dispose]: () => stack.dispose(),
  };
}

const caller: Caller = {
  principal: { key: "dev:zoë", id: "zoë", name: "Zoë", roles: ["mcp.dev", "mcp.engineer"] },
  expiresAtMs: undefined,
  address: "2001:db8::7",
  requestId: "abc-1",
  origin: "https://mcp.example.com:8443",
  era: "modern",
  trace: {},
  capabilities: {},
  logLevel: undefined,
  signal: new AbortController().signal,
  seen: unseen,
};

function resourceOf({ tool, definition, replicaCount = 1 }: Changes): Resource<"tool"> {
  return {
    kind: "tool",
    name: "weather",
    uid: "uid-1",
    revision: 1,
    deleting: false,
    body: {
      id: "weather",
      name: "weather",
      imageName: "weather-tool",
      imageVersion: "1",
      environmentVariables: {},
      replicaCount,
      description: "",
      useWorkloadIdentity: false,
      pod: null,
      requiredRoles: [],
      createdBy: "dev",
      createdAt: "2026-11-23T09:00:00.000Z",
      lastUpdatedAt: "2026-11-23T09:00:00.000Z",
      toolDefinition: {
        tool: { name: "weather", inputSchema: { type: "object" }, ...tool },
        port: 8000,
        path: "/score",
        ...definition,
      },
    },
  };
}

/** The words of a result that is an error. */
export function errorIn({ content, isError }: ToolResult): string {
  const [block] = content;
  if (isError !== true || content.length !== 1 || block?.type !== "text") throw new Error(JSON.stringify(content));
  return block.text;
}
