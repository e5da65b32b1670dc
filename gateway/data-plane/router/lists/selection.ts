import { LRUCache } from "lru-cache";
import type { ServerStatus, ServerTool } from "../../../../openapi/servers.ts";
import type { Resource } from "../../../store/store.ts";
import type { Caller } from "../caller.ts";
import type { Age, Catalogue, ToolsOf } from "./catalogue.ts";
import type { Absent, Listed } from "../listing.ts";
import { expanded, type ShownEntries, shownEntries } from "./shown-entries.ts";
import { mayShow } from "./shown-name.ts";
import { estimatedTokens } from "./tokens.ts";
import { searchTools } from "./tool-search.ts";

export type Missing = ServerStatus["missing"][number];

/** In the order of the selection; no two entries have the same name. */
export type Selected = {
  readonly entries: readonly Listed[];
  readonly missing: readonly Missing[];
  readonly absent: readonly Absent[];
};

export type Selection = {
  /** What a caller sees on a virtual server. The same object until something changes. */
  shownBy(server: Resource<"server">, caller: Caller): Promise<Selected>;
  /** One of these entries; asks no adapter but those that may have it. */
  find(server: Resource<"server">, name: string, caller: Caller): Promise<Listed | undefined>;
  statusOf(server: Resource<"server">, caller: Caller): Promise<ServerStatus>;
};

const maxKept = 1_000;
const maxKeptBytes = 64 * 1024 * 1024;

/** The tools of virtual servers: those of the selection that the caller may use where they come from. */
export function selection({ catalogue }: { catalogue: Pick<Catalogue, "toolResources" | "toolsOf"> }): Selection {
  const kept = new LRUCache<string, { selected: Selected; bytes: number }>({
    max: maxKept,
    maxSize: maxKeptBytes,
    sizeCalculation: ({ bytes }) => bytes,
  });

  return {
    shownBy,
    async find(server, name, caller) {
      const choices = server.body.tools.filter((choice) => mayBe(choice, name));
      for (const age of ["recent", "fresh"] as const) {
        const { entries } = select(server, choices, await originsOf(choices, caller, age));
        const found = entries.find((entry) => entry.name === name);
        if (found) return found;
      }
      return undefined;
    },
    async statusOf(server, caller) {
      const { entries, missing } = await shownBy(server, caller);
      const list = server.body.toolSearch ? searchTools : entries.map(({ definition }) => definition);
      return { tools: entries.length, estimatedTokens: estimatedTokens(list), missing: [...missing] };
    },
  };

  async function shownBy(server: Resource<"server">, caller: Caller): Promise<Selected> {
    const { tools } = server.body;
    const origins = await originsOf(tools, caller);
    const key = `${server.uid}/${server.revision} ${origins.key}`;
    const known = kept.get(key);
    if (known) return known.selected;
    const selected = select(server, tools, origins);
    kept.set(key, { selected, bytes: origins.bytes + key.length });
    return selected;
  }

  async function originsOf(choices: readonly ServerTool[], caller: Caller, age?: Age): Promise<Origins> {
    const names = [...new Set(choices.flatMap(({ adapter }) => adapter ?? []))];
    const all = await Promise.all(names.map((name) => catalogue.toolsOf(name, caller, age)));
    const adapters = new Map(names.map((name, i) => [name, all[i]]));
    const own = choices.some(({ adapter }) => adapter === undefined) ? catalogue.toolResources(caller) : noTools;
    const shown = [own, ...all.flatMap((tools) => (tools?.state === "listed" ? tools.shown : []))];
    return {
      own,
      adapters,
      key: JSON.stringify([own.id, all.map((tools) => (tools?.state === "listed" ? tools.shown.id : (tools ?? null)))]),
      bytes: shown.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }
}

const noTools = shownEntries([], 0);

type Origins = {
  readonly own: ShownEntries;
  readonly adapters: ReadonlyMap<string, ToolsOf | undefined>;
  /** Origins with the same key are the same. */
  readonly key: string;
  readonly bytes: number;
};

/** Whether a choice may be what is shown by this name. */
function mayBe({ adapter, tool, as }: ServerTool, name: string): boolean {
  if (as !== undefined) return as === name;
  return adapter === undefined ? tool === name || tool === "*" : mayShow(adapter, name);
}

function select(server: Resource<"server">, choices: readonly ServerTool[], origins: Origins): Selected {
  const named = namedByOrigin(server.body.tools);
  const entries = new Map<string, Listed>();
  const missing: Missing[] = [];
  for (const choice of choices) {
    const { adapter = null, tool } = choice;
    const origin = originOf(choice, origins);
    if (origin.state === "absent") {
      missing.push({ adapter, tool, reason: origin.reason });
      continue;
    }
    const found = expanded([choice], origin.byOwnName, named.get(adapter));
    if (found.length === 0 && tool !== "*") missing.push({ adapter, tool, reason: origin.reasonIfNone });
    for (const [, listed] of found) {
      const entry = asChosen(listed, choice);
      if (entries.has(entry.name)) missing.push({ adapter, tool: ownName(listed), reason: taken });
      else entries.set(entry.name, entry);
    }
  }
  return { entries: [...entries.values()], missing, absent: absentIn(origins) };
}

type OriginOfChoice =
  | { readonly state: "listed"; readonly byOwnName: ReadonlyMap<string, Listed>; readonly reasonIfNone: string }
  | { readonly state: "absent"; readonly reason: string };

/** What the caller may not use looks like what does not exist. */
const unknown = "There is no such tool for you.";
const taken = "Another tool before it has the same name.";

function originOf({ adapter }: ServerTool, { own, adapters }: Origins): OriginOfChoice {
  if (adapter === undefined) return { state: "listed", byOwnName: own.byOwnName, reasonIfNone: unknown };
  const tools = adapters.get(adapter);
  if (!tools) return { state: "absent", reason: unknown };
  if (tools.state === "absent")
    return { state: "absent", reason: `The adapter's list cannot be read. ${tools.reason}` };
  return { state: "listed", byOwnName: tools.shown.byOwnName, reasonIfNone: "The adapter has no such tool for you." };
}

function namedByOrigin(choices: readonly ServerTool[]): Map<string | null, Set<string>> {
  const named = new Map<string | null, Set<string>>();
  for (const { adapter = null, tool } of choices) named.getOrInsertComputed(adapter, () => new Set()).add(tool);
  return named;
}

function absentIn({ adapters }: Origins): Absent[] {
  return [...adapters].flatMap(([adapter, tools]) =>
    tools?.state === "absent" ? [{ adapter, reason: tools.reason }] : [],
  );
}

function asChosen(listed: Listed, { as, description }: ServerTool): Listed {
  if (as === undefined && description === undefined) return listed;
  const name = as ?? listed.name;
  return { ...listed, name, definition: { ...listed.definition, name, ...(description && { description }) } };
}

function ownName({ name, origin }: Listed): string {
  return origin.kind === "tool" ? name : origin.name;
}
