import type { Author, Bodies, Resource } from "../../gateway/store/store.ts";

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
    affinity: "principal",
    createdBy: "ada",
    createdAt: "2026-11-23T09:00:00.000Z",
    lastUpdatedAt: "2026-11-23T09:00:00.000Z",
    ...changes,
  };
}

/** The resource of a write that must have been taken. */
export function written(answer: { state: string; resource?: Resource }): Resource {
  if (answer.state !== "written" || !answer.resource) throw new Error(`not written: ${JSON.stringify(answer)}`);
  return answer.resource;
}
