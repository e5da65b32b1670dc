import MiniSearch from "minisearch";
import { searchToolNames } from "../../../../openapi/servers.ts";
import type { Listed } from "../listing.ts";
import { isObject } from "../../message.ts";

export type ToolFound = { readonly name: string; readonly title?: string; readonly description: string };

export type ToolSearch = {
  /** The definitions of the tools that make it usable. */
  readonly tools: typeof searchTools;
  /** The best first; without a word that can be looked for, the first of all. */
  search(query: string, limit?: number): readonly ToolFound[];
  /** The whole definition. */
  describe(name: string): Listed["definition"] | undefined;
};

export const defaultFound = 10;
export const maxFound = 50;
/** A description in a result is an excerpt, and `describe_tool` gives the rest. */
export const excerptLength = 200;
const maxQueryLength = 500;
const maxQueryWords = 30;
/** What is indexed of one tool. */
const maxDescriptionLength = 2_000;
const maxParameters = 50;
const maxWordLength = 60;

const [searchName, describeName, callName] = searchToolNames;
const toolName = { type: "string", description: `The tool's name, as ${searchName} gives it` };

/** The tools by which a model finds and calls the others. */
export const searchTools = [
  {
    name: searchName,
    title: "Search tools",
    description: `Finds tools by what they do. Most tools of this server are not in its list: look for one here, read its parameters with ${describeName}, and call it with ${callName}.`,
    inputSchema: {
      type: "object",
      properties: {
        query: { type: "string", maxLength: maxQueryLength, description: "A few words on what the tool should do" },
        limit: {
          type: "integer",
          minimum: 1,
          maximum: maxFound,
          default: defaultFound,
          description: "How many at most",
        },
      },
      required: ["query"],
      additionalProperties: false,
    },
    outputSchema: {
      type: "object",
      properties: {
        tools: {
          type: "array",
          description: "The best match first",
          items: {
            type: "object",
            properties: {
              name: { type: "string" },
              title: { type: "string" },
              description: { type: "string", description: `Its first ${excerptLength} characters` },
            },
            required: ["name", "description"],
          },
        },
      },
      required: ["tools"],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: describeName,
    title: "Describe a tool",
    description: `Gives one tool's whole definition: its description, its parameters (inputSchema), and what it answers. Read it before ${callName}.`,
    inputSchema: {
      type: "object",
      properties: { name: toolName },
      required: ["name"],
      additionalProperties: false,
    },
    outputSchema: {
      type: "object",
      properties: {
        tool: {
          type: "object",
          properties: {
            name: { type: "string" },
            description: { type: "string" },
            inputSchema: { type: "object", description: `JSON Schema of the arguments for ${callName}` },
          },
          required: ["name", "inputSchema"],
        },
      },
      required: ["tool"],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    // Its answer is the called tool's, so it has no outputSchema, and nothing is known of what it does.
    name: callName,
    title: "Call a tool",
    description: `Calls a tool that ${searchName} found, and gives its answer.`,
    inputSchema: {
      type: "object",
      properties: {
        name: toolName,
        arguments: { type: "object", description: `As the tool's inputSchema wants them: see ${describeName}` },
      },
      required: ["name"],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: false, openWorldHint: true },
  },
] as const;

const searches = new WeakMap<readonly Listed[], ToolSearch>();

/** Search in these tools and in no other. The index is made at the first search and goes with the list. */
export function toolSearch(entries: readonly Listed[]): ToolSearch {
  return searches.getOrInsertComputed(entries, () => searchIn(entries));
}

function searchIn(entries: readonly Listed[]): ToolSearch {
  let index: MiniSearch<Indexed> | undefined;
  const byName = new Map(entries.map((entry) => [entry.name, entry]));

  return {
    tools: searchTools,
    search(query, limit = defaultFound) {
      const max = Math.min(Math.max(1, Math.trunc(limit) || defaultFound), maxFound);
      const words = [...new Set(wordsOf(query.slice(0, maxQueryLength)))].slice(0, maxQueryWords);
      if (words.length === 0) return entries.slice(0, max).map(foundForm);
      index ??= indexOf(entries);
      const found = index.search(words.join(" "), { ...searchOptions, tokenize: (text) => text.split(" ") });
      return found.slice(0, max).flatMap(({ id }) => (entries[id] ? foundForm(entries[id]) : []));
    },
    describe: (name) => byName.get(name)?.definition,
  };
}

type Indexed = { readonly id: number; readonly name: string; readonly title: string; readonly text: string };

const searchOptions = {
  prefix: (word: string) => word.length > 2,
  fuzzy: (word: string) => (word.length > 3 ? 0.2 : false),
  maxFuzzy: 2,
  boost: { name: 4, title: 3 },
} as const;

function indexOf(entries: readonly Listed[]): MiniSearch<Indexed> {
  const index = new MiniSearch<Indexed>({ fields: ["name", "title", "text"], tokenize: wordsOf });
  index.addAll(
    entries.map(({ name, definition }, id) => ({ id, name, title: titleOf(definition), text: textOf(definition) })),
  );
  return index;
}

/** Parted at whatever is neither letter nor digit, and within names like `getWeather` and `HTTPServer`. */
function wordsOf(text: string): string[] {
  return text
    .split(/[^\p{L}\p{N}]+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase().slice(0, maxWordLength));
}

function titleOf({ title, annotations }: Listed["definition"]): string {
  if (typeof title === "string") return title;
  return isObject(annotations) && typeof annotations.title === "string" ? annotations.title : "";
}

function textOf({ description, inputSchema }: Listed["definition"]): string {
  const properties = isObject(inputSchema) && isObject(inputSchema.properties) ? inputSchema.properties : {};
  const parameters = Object.keys(properties).slice(0, maxParameters).join(" ").slice(0, maxDescriptionLength);
  return `${descriptionOf(description).slice(0, maxDescriptionLength)} ${parameters}`;
}

function descriptionOf(description: unknown): string {
  return typeof description === "string" ? description : "";
}

function foundForm({ name, definition }: Listed): ToolFound {
  const title = titleOf(definition);
  const description = descriptionOf(definition.description).slice(0, excerptLength).toWellFormed();
  return { name, ...(title && { title }), description };
}
