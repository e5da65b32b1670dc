import type { AdapterData } from "../../openapi/adapters.ts";
import type { ServerData } from "../../openapi/servers.ts";
import { upstreamProgram } from "../bench/upstreams.ts";

/** Who is under load. `stateful` and `policed` are reference servers, `plain` the bench's upstream, `modern` has no sessions. */
export const adapterNames = ["stateful", "policed", "plain", "modern"] as const;
export type AdapterName = (typeof adapterNames)[number];
export type AdapterDocument = { name: string } & Pick<AdapterData, "imageName" | "imageVersion" | "replicaCount"> &
  Partial<AdapterData>;

/** Others come and go by this name. */
export const passingName = "passing";

const referenceProgram = `${import.meta.dir}/../fixtures/reference-server/main.ts`;
export const images = {
  reference: { command: [process.execPath, referenceProgram] },
  plain: { command: [process.execPath, upstreamProgram] },
};

const always = ["replica", "whoami", "test_trigger_tool_change", "stay_silent"];
export const changingTool = "test_simple_text";

/** What the policies of `policed` allow in turn, in the words of the API and as a list. */
export const policies = [
  { allowedTools: { "*": always }, tools: always },
  { allowedTools: { "*": [...always, changingTool] }, tools: [...always, changingTool] },
  { allowedTools: { "*": always, "mcp.admin": ["*"] }, tools: always },
  { allowedTools: { "*": always, "mcp.dev": [changingTool] }, tools: [...always, changingTool] },
] as const;
export type Policy = (typeof policies)[number];

export function documents(replicas: number, upstreams: string): Record<AdapterName, AdapterDocument> {
  const shared = { imageVersion: "1", replicaCount: replicas, requiredRoles: ["mcp.dev"] };
  return {
    stateful: { name: "stateful", imageName: "reference", ...shared },
    policed: { name: "policed", imageName: "reference", ...shared, ...allowing(policies[0]) },
    plain: { name: "plain", imageName: "plain", environmentVariables: { BENCH_UPSTREAMS: upstreams }, ...shared },
    modern: { name: "modern", imageName: "mcp-example", exposeTools: true, ...shared },
  };
}

export const allowing = ({ allowedTools }: Policy): Pick<AdapterData, "allowedTools"> => ({
  allowedTools: Object.fromEntries(Object.entries(allowedTools).map(([role, tools]) => [role, [...tools]])),
});

/** A virtual server, and what its tools are called there. */
export const selection: ServerData = {
  name: "selected",
  description: "",
  requiredRoles: ["mcp.dev"],
  tools: [{ adapter: "modern", tool: "add", as: "sum" }],
  toolSearch: false,
};
