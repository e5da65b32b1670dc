/**
 * The floor of any gateway on Bun.serve and fetch: sessions hashed onto upstreams, request body read, answer returned as is.
 * No identity, no policy, no log. Its arguments: the port to listen on, then the upstreams' ports.
 */
const [port, ...upstreamPorts] = process.argv.slice(2).map(Number);

Bun.serve({
  hostname: "127.0.0.1",
  port: port ?? 0,
  idleTimeout: 0,
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    const place = Bun.hash.xxHash32(request.headers.get("mcp-session-id") ?? "") % upstreamPorts.length;
    const headers = new Headers(request.headers);
    headers.delete("host");
    headers.delete("connection");
    return fetch(`http://127.0.0.1:${upstreamPorts[place]}${pathname}${search}`, {
      method: request.method,
      headers,
      body: request.method === "POST" ? await request.bytes() : null,
      signal: request.signal,
      redirect: "manual",
      decompress: false,
      timeout: false,
    }).catch(() => new Response(null, { status: 502 }));
  },
});
