import type { Caller } from "./caller.ts";
import type { Listed, ListedKind, Listing } from "./listing.ts";

/** What one MCP endpoint of the router has for a caller: the router's own at /mcp, or a virtual server's. */
export type Offer = {
  /** Which lists there are at all. */
  readonly kinds: readonly ListedKind[];
  /** Whether its lists are in ascending order of name. */
  readonly sorted: boolean;
  list(kind: ListedKind, caller: Caller): Promise<Listing>;
  /** What the caller may use under a shown name; to guess a name is no use. */
  find(kind: ListedKind, name: string, caller: Caller): Promise<Listed | undefined>;
  /** Tools that the endpoint answers itself, and lists instead of the others. */
  readonly own?: OwnTools;
};

export type OwnTools = {
  /** In MCP's form. */
  readonly definitions: readonly Readonly<Record<string, unknown>>[];
  /** Answers a call, or names the tool that it stands for; undefined when it is none of its own. */
  call(name: string, args: unknown, caller: Caller): Promise<OwnAnswer | undefined>;
};

export type OwnAnswer =
  | { readonly state: "answered"; readonly result: Readonly<Record<string, unknown>> }
  | { readonly state: "stands-for"; readonly name: string; readonly args: unknown };
