import { parseExactly, plain } from "./exact-json.ts";
import { isObject } from "../message.ts";
import { type Id, messagesIn } from "./messages.ts";

/** Which results are tool lists, and which tools may stay in them. */
export type ListRule = {
  readonly allowed: ReadonlySet<string>;
  /** Answers to these requests. */
  readonly listIds: ReadonlySet<Id>;
  /** `by-shape`: under every other id too, what has `tools` with a `name` and an `inputSchema` is a list. */
  readonly others: "untouched" | "by-shape";
};

/** Bytes that hold neither hold no member `tools`, however its letters are written: most are neither decoded nor parsed. */
export const listMarks = ['"tools"', "\\u00"].map((mark) => Buffer.from(mark));

/**
 * A JSON-RPC answer, or a batch of them, without the tools that are not allowed; all other fields stay as they are.
 * Undefined when there is nothing to change. A list that depends on who asks is never `public` to a cache between here
 * and there (revision 2026-07-28, "Caching"), even if this caller may see all of it. Throws when a text looks like a
 * message and cannot be read: other parsers are more lenient, with NaN for one, so it may be a list for them.
 */
export function withoutForbidden(text: string, rule: ListRule): string | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  if (listsIn(read(text), rule).length === 0) return undefined;
  const answer = parseExactly(text);
  const changes = listsIn(answer, rule).map((list) => narrow(list, rule.allowed));
  return changes.includes(true) ? JSON.stringify(answer) : undefined;
}

/** The parser's own error quotes the text, and bodies do not belong into logs. */
function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("an answer that may hold tools is no JSON");
  }
}

type ToolList = Record<string, unknown> & { tools: unknown[] };

function listsIn(answer: unknown, { listIds, others }: ListRule): ToolList[] {
  const lists: ToolList[] = [];
  for (const message of messagesIn(answer)) {
    const { result } = message;
    if (!isObject(result) || !hasTools(result)) continue;
    const isAnswer = listIds.has(plain(message.id) as Id);
    if (isAnswer || (others === "by-shape" && result.tools.some(isTool))) lists.push(result);
  }
  return lists;
}

function narrow(list: ToolList, allowed: ReadonlySet<string>): boolean {
  const tools = list.tools.filter((tool) => isObject(tool) && typeof tool.name === "string" && allowed.has(tool.name));
  const isShared = (Object.hasOwn(list, "cacheScope") || Object.hasOwn(list, "ttlMs")) && list.cacheScope !== "private";
  if (tools.length === list.tools.length && !isShared) return false;
  list.tools = tools;
  if (isShared) list.cacheScope = "private";
  return true;
}

function hasTools(result: Record<string, unknown>): result is ToolList {
  return Object.hasOwn(result, "tools") && Array.isArray(result.tools);
}

function isTool(entry: unknown): boolean {
  return isObject(entry) && Object.hasOwn(entry, "name") && Object.hasOwn(entry, "inputSchema");
}
