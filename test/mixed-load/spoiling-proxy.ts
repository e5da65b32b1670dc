/** A proxy before a gateway that spoils three things, once each: for a test of whether they are noticed. */
export function spoilingProxy(origin: string): AsyncDisposable & { origin: string } {
  const spoilt = new Set<string>();
  const once = (what: string) => !spoilt.has(what) && Boolean(spoilt.add(what));
  /** Those that have said where they live. */
  const sessions = new Set<string>();

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const { method, headers, signal } = request;
      const text = method === "POST" ? await request.text() : null;
      const answer = await fetch(origin + pathname, { method, headers, body: text, signal });
      if (method === "GET" && pathname === "/adapters/plain/mcp" && once("an event")) return withoutSecond(answer);
      if (pathname !== "/adapters/stateful/mcp" || !text?.includes('"replica"')) return answer;
      const session = headers.get("mcp-session-id") ?? "";
      if (!sessions.has(session)) sessions.add(session);
      else if (once("a session")) return new Response("{}", { status: 404 });
      else if (once("a replica")) return fromProcessOne(answer);
      return answer;
    },
  });
  return { origin: server.url.origin, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** The bench's upstream numbers its events. */
function withoutSecond(answer: Response): Response {
  const second = /data: [^\n]*"n":2,[^\n]*\n\n/;
  const dropping = new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, out) => out.enqueue(Buffer.from(Buffer.from(piece).toString().replace(second, ""))),
  });
  return new Response(answer.body?.pipeThrough(dropping), answer);
}

async function fromProcessOne(answer: Response): Promise<Response> {
  return new Response((await answer.text()).replaceAll(/"pid":\d+/g, '"pid":1'), answer);
}
