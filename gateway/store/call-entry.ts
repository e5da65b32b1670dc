import { createHash } from "node:crypto";
import type { ToolCall } from "../observe/requests/tool-call.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { CallEntry } from "./store.ts";

/** Whether a call's arguments are kept by their hash only, or themselves as well. */
export type KeptArguments = "hash" | "full";

/** The longest text of each kind that is kept, in UTF-16 code units. */
const maxTextLength = 256;
const maxArgumentsLength = 16_384;
const sessionHashLength = 16;

/** A call as it is kept. What its caller chose is cut and cleaned, so that no entry can make its whole batch fail. */
export function callEntry(call: ToolCall, at: Date, kept: KeptArguments): CallEntry {
  const argumentsText = canonicalJson(call.arguments ?? {});
  return {
    at,
    actor: storable(call.actor),
    action: "call",
    kind: call.kind,
    name: call.name,
    uid: call.uid,
    requestId: call.requestId,
    outcome: call.outcome,
    tool: storable(call.tool),
    session: call.sessionId === null ? null : sha256(call.sessionId).slice(0, sessionHashLength),
    status: call.status,
    durationMs: Math.max(0, Math.round(call.durationMs)),
    argumentsHash: argumentsText === undefined ? null : sha256(argumentsText),
    arguments: kept === "full" ? unlessLonger(argumentsText, maxArgumentsLength) : null,
  };
}

/** What Postgres takes as text: no NUL, no half of a surrogate pair. */
function storable(text: string): string {
  return text.slice(0, maxTextLength).replaceAll("\u0000", "").toWellFormed();
}

function unlessLonger(text: string | undefined, maxLength: number): string | null {
  return text !== undefined && text.length <= maxLength ? text : null;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
