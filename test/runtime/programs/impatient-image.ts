import { serveImage } from "../../../gateway/runtime/images/serve-image.ts";

/** An image that asks the server at SERVER, and bears with idle clients for 4 seconds only, as soon as Bun can be made to. */
serveImage({
  host: "127.0.0.1",
  port: 0,
  async mcp(request) {
    const body = request.method === "POST" ? await request.text() : null;
    const url = process.env.SERVER + new URL(request.url).search;
    return fetch(url, { method: request.method, body, signal: request.signal, timeout: false } as RequestInit);
  },
  dispose: async () => {},
  idleSeconds: 4,
});
