/**
 * The MCP server behind every target: as little work per request as a Bun process can do, so that proxies are what is measured.
 * It takes any session id. Started by the bench or, as an adapter's replica, by the gateway (PORT, HOST); writes a file
 * `{pid}.json` with its port into BENCH_UPSTREAMS.
 */
import { renameSync, writeFileSync } from "node:fs";
import { listen } from "./listen.ts";

const { port } = listen({ hostname: process.env["HOST"] ?? "127.0.0.1", port: Number(process.env["PORT"] ?? 0) });
announce(port);
leaveWithParent();

function announce(at: number) {
  const folder = process.env["BENCH_UPSTREAMS"];
  if (folder === undefined) throw new Error("BENCH_UPSTREAMS names the folder where an upstream writes its port");
  // Renamed into place, so that whoever reads it never sees half a file.
  writeFileSync(`${folder}/${process.pid}.tmp`, JSON.stringify({ pid: process.pid, port: at }));
  renameSync(`${folder}/${process.pid}.tmp`, `${folder}/${process.pid}.json`);
}

/** A bench or gateway that was killed cannot end its upstreams: they notice by themselves that their parent is another one. */
function leaveWithParent() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
  }, 1000);
}
