/** A server that behaves as its variables and requests say. */
export {};
const stubborn = ["sh", "-c", "trap '' TERM; sleep 600"];
const { PORT, HOST, CRASH, NEVER_LISTEN, IGNORE_TERM, START_DELAY_MS, STDERR } = process.env;

if (STDERR) console.error(STDERR);
if (CRASH) process.exit(Number(CRASH));
if (IGNORE_TERM) process.on("SIGTERM", () => console.log("SIGTERM ignored"));
if (NEVER_LISTEN) setInterval(() => {}, 60_000);
else {
  await Bun.sleep(Number(START_DELAY_MS ?? 0));
  Bun.serve({
    hostname: HOST,
    port: Number(PORT),
    idleTimeout: 0,
    fetch(request) {
      const url = new URL(request.url);
      const number = Number(url.searchParams.get("n"));
      switch (url.pathname) {
        case "/env":
          return Response.json(process.env);
        case "/pid":
          return Response.json(process.pid);
        case "/exit":
          setTimeout(() => process.exit(number), 1);
          return new Response();
        case "/print":
          for (let line = 1; line <= number; line++) console.log(`line ${line}`);
          return new Response();
        case "/long":
          console.log("x".repeat(number));
          return new Response();
        case "/spawn": {
          const child = Bun.spawn(url.searchParams.has("stubborn") ? stubborn : ["sleep", "600"], {
            detached: url.searchParams.has("detached"),
          });
          return Response.json(child.pid);
        }
        default:
          return new Response("not here", { status: 404 });
      }
    },
  });
}
