import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An MCP endpoint whose calls leave a word that they are there, and are answered when they are let go. It ends by SIGKILL only. */

const { HOST = "0.0.0.0", PORT = "8000", DIRECTORY = "" } = process.env;
process.on("SIGTERM", () => undefined);
Bun.serve({
  hostname: HOST,
  port: PORT,
  idleTimeout: 0,
  async fetch() {
    writeFileSync(join(DIRECTORY, "called"), "");
    while (!existsSync(join(DIRECTORY, "let-go"))) await Bun.sleep(5);
    return Response.json({ answer: 42 });
  },
});
