/** Takes whatever spans are sent to it, and forgets them. Its argument: the port to listen on. */
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  async fetch(request) {
    await request.arrayBuffer();
    return new Response();
  },
});
