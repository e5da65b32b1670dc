import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { machineNetwork } from "./doctor/client/network.ts";
import { usualLimits } from "./doctor/limits.ts";
import { runDoctor } from "./doctor/program.ts";

const stop = new AbortController();
// Ended in the middle, it still ends the session that it has opened.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

// Says why a client cannot connect: `npm run doctor -- --help`.
process.exitCode = await runDoctor(process.argv.slice(2), {
  fetch,
  network: machineNetwork,
  usualCa: rootCertificates,
  readText: (path) => (path === "-" ? Bun.stdin.text() : readFile(path, "utf8")),
  now: Date.now,
  newId: () => crypto.randomUUID(),
  out: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  limits: usualLimits,
  signal: stop.signal,
});
