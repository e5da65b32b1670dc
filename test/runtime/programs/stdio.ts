import { readLines } from "../../../gateway/runtime/local/lines.ts";

/**
 * A stdio MCP server that does what a request says: `do` writes `messages` as they are, then answers unless `silent`; `env` and
 * `pid` tell; `long` answers with so many characters; `exit` ends. `log` is everything it has been sent.
 */
type Message = { id?: number | string; method?: string; params?: Record<string, unknown> };
const received: Message[] = [];
const write = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);
const answer = (message: Message, result: unknown) => void write({ jsonrpc: "2.0", id: message.id, result });

console.error("hello from the server");
if (process.env.IGNORE_END) {
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 60_000);
}

await readLines(Bun.stdin.stream(), 1e9, (line) => {
  const message = JSON.parse(line) as Message;
  received.push(message);
  handle(message);
});

function handle(message: Message): void {
  const params = message.params ?? {};
  switch (message.method) {
    case "initialize":
      answer(message, {
        protocolVersion: params.protocolVersion,
        capabilities: { "x-own": { kept: [1, null] } },
        serverInfo: { name: "stdio", version: "1" },
      });
      break;
    case "do":
      for (const each of params.messages as unknown[]) write(each);
      if (!params.silent) answer(message, { done: true });
      break;
    case "noise":
      process.stdout.write("this is not JSON\n\n");
      answer(message, {});
      break;
    case "env":
      answer(message, process.env);
      break;
    case "pid":
      answer(message, { pid: process.pid });
      break;
    case "log":
      answer(message, { received });
      break;
    case "long":
      answer(message, { text: "x".repeat(Number(params.length)) });
      break;
    case "exit":
      process.exit(Number(params.code));
      break;
    case "spawn":
      answer(message, { pid: Bun.spawn(["sleep", "600"], { detached: true }).pid });
      break;
  }
}
