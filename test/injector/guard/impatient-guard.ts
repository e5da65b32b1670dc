import { readConfig } from "../../../injector/guard/config.ts";
import { serve } from "../../../injector/guard/serve.ts";

/** A guard that bears with idle clients for 4 seconds only, as soon as Bun can be made to. */
const read = readConfig(process.env);
if (read.state === "invalid") throw new Error(read.problems.join("\n"));
await serve(read.config, "0.0.0", 4);
