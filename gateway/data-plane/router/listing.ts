import type { Resource } from "../../store/store.ts";

/** Where a tool that the router shows comes from. */
export type Origin =
  | { readonly kind: "tool"; readonly resource: Resource<"tool"> }
  | {
      readonly kind: "adapter";
      readonly adapter: Resource<"adapter">;
      /** As its server calls it. */
      readonly name: string;
      /** As its server wrote it, for the headers that a call needs. */
      readonly inputSchema?: unknown;
    };

/** One tool, prompt, resource or template as it is shown; `definition.name` (or `uri`, `uriTemplate`) is the shown one. */
export type Listed = {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
};

/** An adapter whose list could not be read, and why, in words for whoever may see it. */
export type Absent = { readonly adapter: string; readonly reason: string };

/** In ascending order of name (by code point); no two have the same. */
export type Listing = { readonly entries: readonly Listed[]; readonly absent: readonly Absent[] };

export type ListedKind = "tools" | "prompts" | "resources" | "resourceTemplates";
