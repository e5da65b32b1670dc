import type { Author, Bodies, CallEntry, Kind, Resource } from "../../gateway/store/store.ts";

export const author: Author = { id: "ada", requestId: "request-1" };

/** A whole adapter, as the control plane stores it. */
export function adapterBody(name: string, changes: Partial<Bodies["adapter"]> = {}): Bodies["adapter"] {
  return {
    id: name,
    name,
    imageName: "mcp-example",
    imageVersion: "1.0.0",
    environmentVariables: { LOG_LEVEL: "info" },
    replicaCount: 1,
    description: "",
    useWorkloadIdentity: false,
    requiredRoles: [],
    pod: null,
    allowedTools: null,
    exposeTools: false,
    affinity: "principal",
    createdBy: "ada",
    createdAt: "2026-11-23T09:00:00.000Z",
    lastUpdatedAt: "2026-11-23T09:00:00.000Z",
    ...changes,
  };
}

/** A whole tool. */
export function toolBody(name: string, changes: Partial<Bodies["tool"]> = {}): Bodies["tool"] {
  const { allowedTools: _, exposeTools: _none, affinity: _neither, ...workload } = adapterBody(name);
  const inputSchema = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] };
  return { ...workload, toolDefinition: { tool: { name, inputSchema }, port: 8000, path: "/score" }, ...changes };
}

/** A whole virtual server. */
export function serverBody(name: string, changes: Partial<Bodies["server"]> = {}): Bodies["server"] {
  const { id, description, requiredRoles, createdBy, createdAt, lastUpdatedAt } = adapterBody(name);
  const tools = [{ adapter: "github", tool: "create_issue", as: "open_ticket" }, { tool: "weather-tool" }];
  const shared = { id, name, description, requiredRoles, createdBy, createdAt, lastUpdatedAt };
  return { ...shared, tools, toolSearch: false, ...changes };
}

/** A whole body of any kind. */
export const bodies: { [K in Kind]: (name: string) => Bodies[K] } = {
  adapter: adapterBody,
  tool: toolBody,
  server: serverBody,
};

/** The resource of a write that must have been taken. */
export function written<K extends Kind>(answer: { state: string; resource?: Resource<K> }): Resource<K> {
  if (answer.state !== "written" || !answer.resource) throw new Error(`not written: ${JSON.stringify(answer)}`);
  return answer.resource;
}

/** A tool call as it is kept. */
export function call(changes: Partial<CallEntry> = {}): CallEntry {
  return {
    at: new Date("2026-11-01T00:00:00Z"),
    actor: "ada",
    action: "call",
    kind: "adapter",
    name: "weather",
    uid: "5b0f6c9e-3a51-4c0e-9d6a-0d4f6f3f8b11",
    requestId: "request-1",
    outcome: "ok",
    tool: "forecast",
    session: "9f86d081884c7d65",
    status: 200,
    durationMs: 42,
    argumentsHash: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    arguments: null,
    ...changes,
  };
}
