/** What the pods of these tests run: says who it is over HTTP, and does what it is asked to. */
const { HOST: hostname = "127.0.0.1", PORT = "8080", HOSTNAME: pod = "?" } = process.env;
const routes: Record<string, () => Response> = {
  "/": () => Response.json({ pod, environment: process.env, arguments: process.argv.slice(2) }),
  "/say": () => {
    console.log("asked to say this");
    return new Response("said");
  },
};
export const server = Bun.serve({
  hostname,
  port: Number(PORT),
  fetch: (request) => (routes[new URL(request.url).pathname] ?? (() => new Response("", { status: 404 })))(),
});
console.log(`${pod} listens on ${server.url.href}`);
process.on("SIGTERM", () => {
  console.log("goodbye");
  process.exit(0);
});
