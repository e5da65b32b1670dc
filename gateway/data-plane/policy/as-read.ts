import type { UpstreamRequest } from "../forward.ts";
import { unambiguous } from "./exact-json.ts";

/**
 * The request as the policy has read it, so that the MCP server cannot read another one out of it: members by the same
 * name are resolved, and the headers name no charset and no coding, for a server that decodes UTF-7 would find another
 * text in the same bytes. `json` is the body's text, parsed. Undefined: nested too deep, malformed.
 */
export function asRead<Request extends Pick<UpstreamRequest, "headers" | "body">>(
  request: Request,
  json: unknown,
): Request | undefined {
  if (request.body === null) return request;
  const body = unambiguous(request.body, json);
  if (body === undefined) return undefined;
  const { "content-encoding": _, ...headers } = request.headers;
  const type = headers["content-type"]?.split(/[;,]/, 1)[0]?.trim();
  if (type) headers["content-type"] = type;
  return { ...request, headers, body };
}
