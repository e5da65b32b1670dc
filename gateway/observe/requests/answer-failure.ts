/**
 * What went wrong, by an answer: the code of a JSON-RPC error, or a tool's result that is marked as an error (`tool_error`, as
 * OpenTelemetry's conventions for MCP have it).
 */
export type AnswerFailure = number | "tool_error";

/** Whoever answers with an error has one of these in the text; few others do. In a string the quotes would be escaped. */
const errorMark = Buffer.from('"error"');
const toolErrorMark = Buffer.from('"isError"');
/** The end of both. */
export const anyFailureMark = Buffer.from('rror"');

/** Whether a failure may be in there: a look at the bytes, so that what holds none is never parsed. */
export function mayHoldFailure(bytes: Uint8Array): boolean {
  if (indexOf.call(bytes, anyFailureMark) < 0) return false;
  return indexOf.call(bytes, errorMark) >= 0 || mayHoldToolError(bytes);
}

/** Works on any bytes; to make a Buffer of them would cost more than the search. */
const indexOf: (this: Uint8Array, mark: Buffer, from?: number) => number = Buffer.prototype.indexOf;

/** Many servers say of every result that it is none. */
function mayHoldToolError(bytes: Uint8Array): boolean {
  for (let at = indexOf.call(bytes, toolErrorMark); at >= 0; at = indexOf.call(bytes, toolErrorMark, at)) {
    at += toolErrorMark.length;
    while (spaces.has(bytes[at] as number) || bytes[at] === colon) at++;
    if (bytes[at] === letterT) return true;
  }
  return false;
}

const spaces = new Set(Buffer.from(" \t\r\n"));
const [colon, letterT] = Buffer.from(":t");

/**
 * The failure in the text of one JSON-RPC message, or the first one in a batch; undefined where there is none, or the text is no
 * message. An error whose code is no integer, which there should not be, has 0.
 */
export function failureIn(text: string): AnswerFailure | undefined {
  const message = parsed(text);
  for (const each of Array.isArray(message) ? message : [message]) {
    const failure = isObject(each) ? failureOf(each) : undefined;
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function failureOf({ error, result }: Record<string, unknown>): AnswerFailure | undefined {
  if (isObject(error)) return Number.isSafeInteger(error["code"]) ? Number(error["code"]) : 0;
  return isObject(result) && result["isError"] === true ? "tool_error" : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
