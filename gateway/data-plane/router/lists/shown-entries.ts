import type { ToolChoice } from "../../../../openapi/tool-choice.ts";
import type { Resource } from "../../../store/store.ts";
import { type Definition, keyOf } from "./definitions.ts";
import type { Listed, ListedKind } from "../listing.ts";
import type { PeerList } from "./peer-list.ts";
import { shownName } from "./shown-name.ts";
import { shownUri } from "./shown-uri.ts";

/** What one origin contributes to a listing. */
export type ShownEntries = {
  /** Unlike that of any other. */
  readonly id: number;
  readonly entries: readonly Listed[];
  /** By what the router calls them; of two with the same name the first. */
  readonly byName: ReadonlyMap<string, Listed>;
  /** By what their origin calls them. */
  readonly byOwnName: ReadonlyMap<string, Listed>;
  /** Of the definitions, at the origin, as JSON. */
  readonly bytes: number;
};

let lastId = 0;

export function shownEntries(entries: readonly Listed[], bytes: number): ShownEntries {
  const byName = firstByKey(entries, ({ name }) => name);
  const byOwnName = firstByKey(entries, ({ name, origin }) => (origin.kind === "tool" ? name : origin.name));
  return { id: ++lastId, entries, byName, byOwnName, bytes };
}

type Extent = "exposed" | "all";

const known = new WeakMap<PeerList, Map<string, { adapter: Resource<"adapter">; shown: ShownEntries }>>();

/**
 * An adapter's list as the router shows it; of `all` tools, those too that `exposeTools` leaves out. Given the same list
 * and record it gives the same object, so that callers who see the same share it.
 */
export function shownBy(
  adapter: Resource<"adapter">,
  kind: ListedKind,
  list: PeerList,
  extent: Extent = "exposed",
): ShownEntries {
  const slots = known.getOrInsertComputed(list, () => new Map());
  const slot = slots.get(`${kind} ${extent}`);
  if (slot?.adapter === adapter) return slot.shown;
  const chosen = kind === "tools" ? chosenTools(adapter.body.exposeTools, list.entries, extent) : all(list.entries);
  const entries = chosen.map(({ entry, choice }) => listed(adapter, kind, entry, choice));
  const shown = shownEntries(entries, list.bytes);
  slots.set(`${kind} ${extent}`, { adapter, shown });
  return shown;
}

type Choice = { readonly as?: string | undefined; readonly description?: string | undefined };
type Chosen = { readonly entry: Definition; readonly choice: Choice };

function all(entries: readonly Definition[]): Chosen[] {
  return entries.map((entry) => ({ entry, choice: {} }));
}

function chosenTools(
  choices: Resource<"adapter">["body"]["exposeTools"],
  entries: readonly Definition[],
  extent: Extent,
): Chosen[] {
  if (!Array.isArray(choices)) return all(entries);
  const choiceOf = firstByKey(choices, ({ tool }) => tool);
  if (extent === "all") return entries.map((entry) => ({ entry, choice: choiceOf.get(entry.name) ?? {} }));
  return expanded(
    choices,
    firstByKey(entries, ({ name }) => name),
  ).map(([choice, entry]) => ({ entry, choice }));
}

/** What is chosen, in the order of the choices. `*` stands for those that no other choice names. */
export function expanded<Choice extends Pick<ToolChoice, "tool">, Entry>(
  choices: readonly Choice[],
  byName: ReadonlyMap<string, Entry>,
  named = new Set(choices.map(({ tool }) => tool)),
): [Choice, Entry][] {
  return choices.flatMap((choice) => {
    if (choice.tool === "*") {
      return [...byName].flatMap(([name, entry]) =>
        named.has(name) ? [] : [[choice, entry] satisfies [Choice, Entry]],
      );
    }
    const entry = byName.get(choice.tool);
    return entry === undefined ? [] : [[choice, entry] satisfies [Choice, Entry]];
  });
}

function listed(adapter: Resource<"adapter">, kind: ListedKind, entry: Definition, choice: Choice): Listed {
  const { name: own, inputSchema } = entry;
  const isNamed = kind === "tools" || kind === "prompts";
  const name = isNamed ? shownName(adapter.name, choice.as ?? own) : shownUri(adapter.name, own);
  const { description = entry.definition.description } = choice;
  const described = description === undefined ? {} : { description };
  const origin = { kind: "adapter", adapter, name: own, inputSchema } as const;
  return { name, definition: { ...entry.definition, [keyOf(kind)]: name, ...described }, origin };
}

/** Of several with the same key the first. */
export function firstByKey<Entry>(entries: readonly Entry[], keyOf: (entry: Entry) => string): Map<string, Entry> {
  const byKey = new Map<string, Entry>();
  for (const entry of entries) {
    const key = keyOf(entry);
    if (!byKey.has(key)) byKey.set(key, entry);
  }
  return byKey;
}
