import { readRequestBody } from "@modelcontextprotocol/server";
import { hopByHop } from "../../../data-plane/upstream/hop-by-hop.ts";
import { failure } from "../json-rpc-failure.ts";

/** Who calls is the gateway's knowledge: a remote server learns it only where MCP_PROXY_HEADERS says so. */
const ours = ["host", "content-length", "accept-encoding", "authorization", "cookie", "origin", "forwarded"];
const identity = /^(x-mcp-|x-forwarded-)/;

/** Stands for a remote streamable HTTP server: same methods, bodies, session ids and streams, with `headers` added. */
export function remoteServer(options: {
  url: string;
  headers: Readonly<Record<string, string>>;
  maxBodyBytes: number;
}) {
  return async (request: Request): Promise<Response> => {
    if (!["POST", "GET", "DELETE"].includes(request.method)) {
      return failure(405, -32000, "Method not allowed", { Allow: "POST, GET, DELETE" });
    }
    const body = request.method === "POST" ? await readRequestBody(request, options.maxBodyBytes) : undefined;
    if (body?.tooLarge) return failure(413, -32000, `The body is larger than ${options.maxBodyBytes} bytes`);

    const answer = await fetch(options.url, {
      method: request.method,
      headers: headersUp(request.headers, options.headers),
      body: body?.text,
      redirect: "manual",
      decompress: false,
      timeout: false,
      signal: request.signal,
    } as BunFetchRequestInit).catch((error: unknown) => error);
    if (!(answer instanceof Response)) {
      console.error(
        `${new URL(options.url).origin} gave no answer: ${answer instanceof Error ? answer.message : answer}`,
      );
      return failure(502, -32000, "The remote MCP server gave no answer");
    }
    if (answer.status >= 300 && answer.status < 400 && answer.headers.has("location")) {
      await answer.body?.cancel();
      return failure(502, -32000, "The remote MCP server redirects; set MCP_PROXY_URL to where it really is");
    }
    for (const name of [...namedByConnection(answer.headers), ...hopByHop, "set-cookie"]) answer.headers.delete(name);
    return answer;
  };
}

/** The headers that a request goes on with. */
export function headersUp(from: Headers, added: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(from);
  for (const name of [...namedByConnection(from), ...hopByHop, ...ours]) headers.delete(name);
  for (const name of [...headers.keys()]) if (identity.test(name)) headers.delete(name);
  headers.set("accept-encoding", "identity");
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return headers;
}

function namedByConnection(headers: Headers): string[] {
  const names = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  return names.filter((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name));
}
