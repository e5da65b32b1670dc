import pino from "pino";
import { eventsTo } from "../../../gateway/observe/events.ts";
import { localRuntime } from "../../../gateway/runtime/local/local-runtime.ts";

/**
 * A gateway that starts one workload, says the replica's process id and, when it is ready, its endpoint, and waits to be killed:
 * `gateway.ts <data directory> <workload as JSON>`.
 */
const [dataDirectory = "", workload = ""] = process.argv.slice(2);
const runtime = await localRuntime({
  events: eventsTo(pino({ level: "info" })),
  dataDirectory,
  catalogueFile: `${dataDirectory}/images.json`,
});
runtime.endpoints.subscribe((name) => console.log(JSON.stringify({ endpoint: runtime.endpoints.of(name)[0] })));
await runtime.apply(JSON.parse(workload));
