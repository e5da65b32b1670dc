import { LRUCache } from "lru-cache";
import type { Access } from "../../../auth/access.ts";
import type { Resource } from "../../../store/store.ts";
import type { View } from "../../../store/view.ts";
import { accessKey, type Caller } from "../caller.ts";
import { readDefinition } from "./definitions.ts";
import type { Listed } from "../listing.ts";
import { type ShownEntries, shownEntries } from "./shown-entries.ts";

const maxKept = 1_000;

/** The tools of /tools that a caller may use, in ascending order of name. The same object for all who see the same. */
export function toolResources({ access, view }: { access: Pick<Access, "may">; view: Pick<View, "list"> }) {
  const byAccess = new LRUCache<string, { records: readonly Resource<"tool">[]; shown: ShownEntries }>({
    max: maxKept,
  });
  const byWhich = new LRUCache<string, { records: readonly Resource<"tool">[]; shown: ShownEntries }>({ max: maxKept });

  return (caller: Caller): ShownEntries => {
    const key = accessKey(caller.principal);
    const records = view.list("tool");
    const known = byAccess.get(key);
    if (known?.records === records) return known.shown;
    const shown = shownOf(records, (record) => access.may(caller.principal, "read", record.body));
    byAccess.set(key, { records, shown });
    return shown;
  };

  function shownOf(records: readonly Resource<"tool">[], mayRead: (record: Resource<"tool">) => boolean): ShownEntries {
    const readable = records.map((record) => !record.deleting && mayRead(record));
    const which = readable.map((is) => (is ? "1" : "0")).join("");
    const known = byWhich.get(which);
    if (known?.records === records) return known.shown;
    const tools = records.flatMap((record, i) => (readable[i] ? (listedTool(record) ?? []) : []));
    const bytes = tools.reduce((sum, tool) => sum + tool.bytes, 0);
    const entries = tools.map(({ listed }) => listed);
    const shown = shownEntries(entries, bytes);
    byWhich.set(which, { records, shown });
    return shown;
  }
}

type ListedTool = { readonly listed: Listed; readonly bytes: number };
const listedTools = new WeakMap<Resource<"tool">, { readonly tool: ListedTool | undefined }>();

/** Undefined where no client could take the definition: one such tool would cost everybody the whole list. */
function listedTool(resource: Resource<"tool">): ListedTool | undefined {
  return listedTools.getOrInsertComputed(resource, () => {
    // How its program is asked is the Microsoft gateway's, not MCP's.
    const { type: _type, properties: _properties, ...mcp } = resource.body.toolDefinition.tool;
    const read = readDefinition("tools", mcp);
    if (!read) return { tool: undefined };
    const { definition } = read.definition;
    const listed = { name: resource.name, definition, origin: { kind: "tool", resource } } as const;
    return { tool: { listed, bytes: Buffer.byteLength(read.text) } };
  }).tool;
}
