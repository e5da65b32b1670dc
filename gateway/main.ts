import { readConfig } from "./config.ts";
import { serve } from "./serve.ts";

const read = readConfig(process.env);
if (read.state === "invalid") {
  console.error(["The gateway's settings are wrong:", ...read.problems.map((problem) => `  ${problem}`)].join("\n"));
  process.exit(1);
}
const served = await serve(read.config).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  // Ctrl-C under npm comes twice, from the terminal and from npm; stop() begins once.
  process.on(signal, () => void served.stop(signal).then(() => process.exit(0)));
}
