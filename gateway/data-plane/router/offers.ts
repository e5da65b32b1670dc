import { searchToolNames } from "../../../openapi/servers.ts";
import type { Resource } from "../../store/store.ts";
import type { Caller } from "./caller.ts";
import type { Catalogue } from "./lists/catalogue.ts";
import type { Listing } from "./listing.ts";
import type { Offer, OwnAnswer, OwnTools } from "./offer.ts";
import type { Selection } from "./lists/selection.ts";
import { errorResult, type ToolResult } from "./tools/result.ts";
import { searchTools, toolSearch } from "./lists/tool-search.ts";
import { isObject } from "../message.ts";

/** The router's endpoints: everything at /mcp, and each virtual server. */
export type Offers = { readonly all: Offer; of(server: Resource<"server">): Offer };

const [searchName, describeName, callName] = searchToolNames;

export function offers({ catalogue, selection }: { catalogue: Catalogue; selection: Selection }): Offers {
  return {
    all: {
      kinds: ["tools", "prompts", "resources", "resourceTemplates"],
      sorted: true,
      list: catalogue.list,
      find: catalogue.find,
    },
    of(server) {
      const list = (caller: Caller): Promise<Listing> => selection.shownBy(server, caller);
      return {
        kinds: ["tools"],
        sorted: false,
        list: (_kind, caller) => list(caller),
        find: (_kind, name, caller) => selection.find(server, name, caller),
        ...(server.body.toolSearch && { own: ownTools(list) }),
      };
    },
  };
}

function ownTools(list: (caller: Caller) => Promise<Listing>): OwnTools {
  return {
    definitions: searchTools,
    async call(name, args, caller): Promise<OwnAnswer | undefined> {
      const given = isObject(args) ? args : {};
      switch (name) {
        case searchName:
          return answered(search(toolSearch((await list(caller)).entries), given));
        case describeName:
          return answered(describe(toolSearch((await list(caller)).entries), given));
        case callName:
          if (typeof given.name !== "string") return answered(errorResult(`${callName} needs the name of a tool.`));
          return { state: "stands-for", name: given.name, args: given.arguments };
        default:
          return undefined;
      }
    },
  };
}

type Given = Readonly<Record<string, unknown>>;
type Search = ReturnType<typeof toolSearch>;

function search(tools: Search, { query, limit }: Given): ToolResult {
  if (typeof query !== "string") return errorResult(`${searchName} needs a query: a few words.`);
  return structured({ tools: tools.search(query, typeof limit === "number" ? limit : undefined) });
}

function describe(tools: Search, { name }: Given): ToolResult {
  const tool = typeof name === "string" ? tools.describe(name) : undefined;
  return tool ? structured({ tool }) : errorResult(`There is no such tool. ${searchName} gives the names.`);
}

function structured(structuredContent: Record<string, unknown>): ToolResult {
  return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
}

function answered(result: ToolResult): OwnAnswer {
  return { state: "answered", result };
}
