import { isObject } from "../../message.ts";
import type { RpcMessage } from "./wire.ts";

/** An HTTP answer that is no 2xx, and what its body says. `error`: of a JSON-RPC answer, whoever it answers. */
export type Refusal = {
  readonly status: number;
  readonly error: { readonly id: unknown; readonly code: unknown; readonly data: unknown } | undefined;
  /** In words for whoever called. */
  readonly reason: string;
};

const maxBodyBytes = 64 * 1024;
const maxReasonLength = 300;

/** Reads a refusal, no more of it than is worth knowing. */
export async function refusalIn(response: Response): Promise<Refusal & { readonly message: RpcMessage | undefined }> {
  const { status } = response;
  const message = messageIn(await beginningOf(response));
  const error = isObject(message?.error) ? message.error : undefined;
  const said = typeof error?.message === "string" ? cut(error.message) : "";
  return {
    status,
    message,
    error: error && { id: message?.id, code: error.code, data: error.data },
    reason: reasonFor(status, said, response.headers.get("retry-after")),
  };
}

function reasonFor(status: number, said: string, retryAfter: string | null): string {
  const words = said === "" ? "" : `: ${said}`;
  switch (status) {
    case 401:
      return `The MCP server asks for a login of its own, which the gateway does not have${words}`;
    case 403:
      return `The MCP server may not be used by this caller${words}`;
    case 404:
      return `The MCP server does not know what it was asked${words}`;
    case 429: {
      const again =
        /\d+ s\./.test(said) || !/^\d{1,6}$/.test(retryAfter ?? "") ? "" : `. Try again in ${retryAfter} s.`;
      return `The MCP server takes no more requests for now${words}${again}`;
    }
    default:
      return status >= 500
        ? `The MCP server failed (HTTP ${status})${words}`
        : `The MCP server refused the request (HTTP ${status})${words}`;
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  if (!body) return "";
  const reader = body.getReader();
  const held: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes <= maxBodyBytes) {
      const { done, value } = await reader.read();
      if (done) return new TextDecoder().decode(Buffer.concat(held));
      bytes += value.length;
      held.push(value);
    }
  } catch {
    // It broke off: its status has to do.
  }
  void reader.cancel().catch(() => {});
  return "";
}

function messageIn(text: string): RpcMessage | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** One line of text, whatever the server has put into it. */
function cut(text: string): string {
  return text
    .slice(0, maxReasonLength)
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .toWellFormed();
}
