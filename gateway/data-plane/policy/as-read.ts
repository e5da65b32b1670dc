import { unambiguous } from "./exact-json.ts";

/**
 * The request as the policy has read it, so that the MCP server cannot read another one out of it: members by the same
 * name are resolved, and the headers name no charset and no coding, for a server that decodes UTF-7 would find another
 * text in the same bytes. `json` is the body's text, parsed. Changes the headers. Undefined: nested too deep, malformed.
 */
export function asRead<Request extends { readonly headers: Headers; readonly body: string | null }>(
  request: Request,
  json: unknown,
): Request | undefined {
  if (request.body === null) return request;
  const body = unambiguous(request.body, json);
  if (body === undefined) return undefined;
  const type = request.headers.get("content-type")?.split(/[;,]/, 1)[0]?.trim();
  if (type) request.headers.set("content-type", type);
  request.headers.delete("content-encoding");
  return { ...request, body };
}
