type Result = Readonly<Record<string, unknown>>;
import { isObject } from "../../message.ts";

/** What the router calls an adapter's resource, also a template's: a URI (RFC 3986 §3.1) whose scheme names the adapter. */
export function shownUri(adapter: string, uri: string): string {
  return `mcp+${adapter}+${uri}`;
}

/** The other way round; undefined for what `shownUri` does not give. */
export function originOfUri(shown: string): { adapter: string; uri: string } | undefined {
  const [, adapter, uri] = /^mcp\+([a-z0-9-]+)\+(.+)$/s.exec(shown) ?? [];
  return adapter === undefined || uri === undefined ? undefined : { adapter, uri };
}

/** The result of `tools/call`, its links and embedded resources such that they can be read at the router. */
export function shownLinks(adapter: string, result: Result): Result {
  return withEach(result, "content", (block) => shownBlock(adapter, block));
}

/** The result of `resources/read`. */
export function shownContents(adapter: string, result: Result): Result {
  return withEach(result, "contents", (contents) => withShownUri(adapter, contents));
}

/** The result of `prompts/get`: a message holds one block of content, or several. */
export function shownPromptMessages(adapter: string, result: Result): Result {
  return withEach(result, "messages", (message) => {
    if (!isObject(message)) return message;
    return Array.isArray(message.content)
      ? shownLinks(adapter, message)
      : { ...message, content: shownBlock(adapter, message.content) };
  });
}

function shownBlock(adapter: string, block: unknown): unknown {
  if (!isObject(block)) return block;
  if (block.type === "resource_link") return withShownUri(adapter, block);
  return block.type === "resource" ? { ...block, resource: withShownUri(adapter, block.resource) } : block;
}

function withShownUri(adapter: string, value: unknown): unknown {
  return isObject(value) && typeof value.uri === "string" ? { ...value, uri: shownUri(adapter, value.uri) } : value;
}

function withEach(result: Result, key: string, shown: (item: unknown) => unknown): Result {
  const items = result[key];
  return Array.isArray(items) ? { ...result, [key]: items.map(shown) } : result;
}
