/** Whoever answers with an error has this in the text; few others do. In a string its quotes would be escaped. */
const mark = Buffer.from('"error"');

/** Whether an error may be in there: a look at the bytes, so that what holds none is never parsed. */
export function mayHoldError(bytes: Buffer): boolean {
  return bytes.includes(mark);
}

/**
 * The code of the error in the text of one JSON-RPC message, or of the first one in a batch; undefined where there is none, or the
 * text is no message. An error whose code is no integer, which there should not be, has 0.
 */
export function rpcErrorIn(text: string): number | undefined {
  const message = parsed(text);
  for (const each of Array.isArray(message) ? message : [message]) {
    const error: unknown = isObject(each) ? each["error"] : undefined;
    if (isObject(error)) return Number.isSafeInteger(error["code"]) ? Number(error["code"]) : 0;
  }
  return undefined;
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
