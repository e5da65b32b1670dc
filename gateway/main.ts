import { run } from "./run.ts";

await run(process.env, async (config) => {
  if (config.workers === 1) return (await import("./serve.ts")).serve(config);
  return (await import("./supervisor.ts")).supervise(config, process.env);
});
