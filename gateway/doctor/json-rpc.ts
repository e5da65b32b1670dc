/** What of a JSON-RPC message the doctor looks at. Servers are strangers: nothing in it is taken for granted. */
export type RpcMessage = Readonly<Record<string, unknown>>;
export type RpcError = { readonly code: number | undefined; readonly message: string; readonly data: unknown };

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What answers request `id` among these messages; an error without an id answers whatever was asked. */
export function responseIn(messages: readonly unknown[], id: number | undefined): RpcMessage | undefined {
  return messages.filter(isObject).find((message) => {
    if ("method" in message || !("result" in message || "error" in message)) return false;
    return message["id"] === id || ("error" in message && (message["id"] === null || message["id"] === undefined));
  });
}

/** One message, or the batch of revision 2025-03-26; nothing when it is not JSON. */
export function messagesIn(text: string): readonly unknown[] {
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) ? json : [json];
  } catch {
    return [];
  }
}

export function resultOf(message: RpcMessage | undefined): RpcMessage | undefined {
  const result = message?.["result"];
  return isObject(result) ? result : undefined;
}

export function errorOf(message: RpcMessage | undefined): RpcError | undefined {
  const error = message?.["error"];
  if (!isObject(error)) return undefined;
  const { code, message: text, data } = error;
  return {
    code: typeof code === "number" ? code : undefined,
    message: typeof text === "string" ? text : "",
    data,
  };
}

const methodNotFound = -32601;

/** Answered by the server as one that knows the caller's session, even if it does not know the method. */
export function isTaken(message: RpcMessage | undefined): boolean {
  return resultOf(message) !== undefined || isMethodNotFound(message);
}

export function isMethodNotFound(message: RpcMessage | undefined): boolean {
  return errorOf(message)?.code === methodNotFound;
}

export function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
