import { type Access, hasRole } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import { isObject } from "./message.ts";
import { type Id, idIn, messagesIn, readings } from "./policy/messages.ts";

/** Role name to tool names; `*` stands for everybody and for every tool. Null or absent: no policy. */
export type ToolPolicy = Readonly<Record<string, readonly string[]>> | null | undefined;

/** `all`: nothing to check, nothing to filter. Else the names of the tools, compared exactly; every other is denied. */
export type ToolAccess = "all" | ReadonlySet<string>;

export type RefusedCall = {
  /** What was asked for, cut to `maxEchoedNameLength`; empty when there is no name. */
  readonly tool: string;
  /** Null: a notification, or an id that no answer can carry. */
  readonly id: Id | null;
};

const anything = "*";
const maxEchoedNameLength = 200;
/** A refused batch of more requests gets one error. */
const maxErrorsInBatch = 1000;

/**
 * The tools that a principal may see and call. Roles compare without case, as in the access rule. Only admins pass the
 * policy by: who created the adapter is bound by it.
 */
export function toolAccess(policy: ToolPolicy, principal: Principal, rules: Pick<Access, "isAdmin">): ToolAccess {
  if (!policy || rules.isAdmin(principal)) return "all";
  const allowed = new Set<string>();
  for (const [role, tools] of Object.entries(policy)) {
    if (role === anything || hasRole(principal, role)) for (const tool of tools) allowed.add(tool);
  }
  return allowed.has(anything) ? "all" : allowed;
}

/**
 * The first call of a tool outside `access` in a POST's parsed body, alone or in a batch; one refuses the whole request.
 * A message that parsers could read in several ways (see `readings`) is refused when one of them is forbidden.
 */
export function refusedCall(body: unknown, access: ToolAccess): RefusedCall | undefined {
  if (access === "all") return undefined;
  for (const message of messagesIn(body)) {
    const refused = refusedIn(message, access);
    if (refused !== undefined) return { tool: refused, id: idIn(message) };
  }
  return undefined;
}

/** The ids of the body's `tools/list` requests, whose answers are to be filtered. */
export function listIdsIn(body: unknown): ReadonlySet<Id> {
  const ids = new Set<Id>();
  for (const message of messagesIn(body)) {
    if (!mayMean(message, "tools/list")) continue;
    for (const id of readings(message, "id")) if (typeof id === "string" || typeof id === "number") ids.add(id);
  }
  return ids;
}

/**
 * The answer to a body with a refused call: what the specification prescribes for an unknown tool (-32602, server/tools
 * "Error Handling"), so that a forbidden tool and one that does not exist look alike, and under status 200, which clients
 * hand to the model; 403 would send them to log in again. A batch gets an error for each of its requests, as none of them
 * is carried out. Without an id to answer it is a 400, as for every notification that is not accepted.
 */
export function refusal(body: unknown, access: ReadonlySet<string>): Response {
  const errors: RpcError[] = [];
  let first: RpcError | undefined;
  for (const message of messagesIn(body)) {
    const tool = refusedIn(message, access);
    const id = idIn(message);
    const error = tool === undefined ? notCarriedOut(id) : unknownTool(tool, id);
    if (tool !== undefined) first ??= { ...error, id: null };
    if (id !== null && readings(message, "method").length > 0) errors.push(error);
  }
  if (errors.length === 0 || errors.length > maxErrorsInBatch) return Response.json(first, { status: 400 });
  return Response.json(Array.isArray(body) ? errors : errors[0]);
}

type RpcError = { jsonrpc: "2.0"; error: { code: number; message: string }; id: Id | null };

function unknownTool(tool: string, id: Id | null): RpcError {
  return { jsonrpc: "2.0", error: { code: -32602, message: `Unknown tool: ${tool}` }, id };
}

function notCarriedOut(id: Id | null): RpcError {
  const message = "Not carried out: another request of this batch is refused";
  return { jsonrpc: "2.0", error: { code: -32600, message }, id };
}

/** The forbidden name in a message, cut; undefined when it calls nothing, or only what is allowed. */
function refusedIn(message: Record<string, unknown>, allowed: ReadonlySet<string>): string | undefined {
  if (!mayMean(message, "tools/call")) return undefined;
  const names = readings(message, "params").flatMap(namesIn);
  if (names.length === 0) return "";
  const forbidden = names.findIndex((name) => typeof name !== "string" || !allowed.has(name));
  if (forbidden < 0) return undefined;
  const name = names[forbidden];
  return typeof name === "string" ? name.slice(0, maxEchoedNameLength).toWellFormed() : "";
}

function namesIn(params: unknown): unknown[] {
  const names = isObject(params) ? readings(params, "name") : [];
  return names.length === 0 ? [undefined] : names;
}

/** A method that is no string has no meaning, so it may have any: some parsers make a text of it. */
function mayMean(message: Record<string, unknown>, method: string): boolean {
  return readings(message, "method").some((said) => typeof said !== "string" || said.toLowerCase() === method);
}
