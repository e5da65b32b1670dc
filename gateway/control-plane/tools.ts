import type { ToolData, ToolDefinition } from "../../openapi/tools.ts";
import type { Principal } from "../auth/principal.ts";
import { type Refusal, refused } from "./refusal.ts";
import type { Written } from "./resources.ts";
import { whyUnkeepable } from "./unkeepable.ts";
import { type WorkloadParts, workloadVerbs } from "./workloads.ts";

export type ToolVerbs = ReturnType<typeof toolVerbs>;

/** Why arguments cannot be validated against this schema, in words; undefined when they can. */
type SchemaProblem = (schema: object) => Promise<string | undefined>;

/** What may be done with tools: what an adapter's verbs do, once the definition is one that the router can work with. */
export function toolVerbs({ schemaProblem, ...parts }: WorkloadParts & { schemaProblem: SchemaProblem }) {
  const workloads = workloadVerbs({ kind: "tool", ...parts });
  return { ...workloads, create, update };

  async function create(principal: Principal, data: ToolData, requestId: string): Promise<Written<"tool"> | Refusal> {
    return (await unfit(data.toolDefinition)) ?? workloads.create(principal, data, requestId);
  }

  async function update(
    principal: Principal,
    name: string,
    data: ToolData,
    expected: string | undefined,
    requestId: string,
  ): Promise<Written<"tool"> | Refusal> {
    return (await unfit(data.toolDefinition)) ?? workloads.update(principal, name, data, expected, requestId);
  }

  async function unfit({ tool }: ToolDefinition): Promise<Refusal | undefined> {
    const unkeepable = whyUnkeepable(tool);
    if (unkeepable !== undefined) return refused("invalid", `toolDefinition.tool: ${unkeepable}`);
    for (const field of ["inputSchema", "outputSchema"] as const) {
      const schema = tool[field];
      const problem = schema && (await schemaProblem(schema));
      if (problem !== undefined) return refused("invalid", `toolDefinition.tool.${field}: ${problem}`);
    }
    return undefined;
  }
}
