import type { Config } from "./config.ts";
import { run } from "./run.ts";
import { type Served, serve } from "./serve.ts";
import type { FromWorker } from "./workers/messages.ts";

// Without a supervisor nobody would start it again, or stop it.
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
// Ctrl-C reaches the whole group; the supervisor says what follows from it.
process.on("SIGINT", () => undefined);

/** One of the processes that share a port. The supervisor that started it is at the other end of its channel. */
const served = await run(process.env, serveWithLastWords, ["SIGTERM"]);
process.on("message", () => void tell(served));
await send({ kind: "listening", url: served.url });

/** What it has counted to its end is part of the gateway's figures. */
async function serveWithLastWords(config: Config): Promise<Served> {
  const gateway = await serve(config);
  return { ...gateway, stop: (reason) => gateway.stop(reason).then(() => tell(gateway)) };
}

async function tell({ figures }: Served): Promise<void> {
  await send({ kind: "figures", families: await figures() });
}

function send(message: FromWorker): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!process.connected) return Promise.resolve();
  process.send?.(message, undefined, undefined, () => resolve());
  return promise;
}
