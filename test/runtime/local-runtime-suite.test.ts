import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { eventsTo } from "../../gateway/observe/events.ts";
import { localRuntime } from "../../gateway/runtime/local/local-runtime.ts";
import { type RuntimeBench, runtimeSuite } from "./runtime.suite.ts";
import { fastLimits, serverProgram } from "./support.ts";

runtimeSuite("the laptop's runtime", openBench, {
  missingImage: { refused: 'Unknown image "wether".' },
  limitMs: 8_000,
});

async function openBench(): Promise<RuntimeBench> {
  const directory = await mkdtemp(join(tmpdir(), "runtime-suite-"));
  const secretsDirectory = join(directory, "secrets");
  const catalogueFile = join(directory, "images.json");
  await writeFile(catalogueFile, JSON.stringify({ server: { command: ["bun", serverProgram] } }));
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const runtime = await localRuntime({
    events: eventsTo(log),
    dataDirectory: directory,
    catalogueFile,
    secretsDirectory,
    limits: { ...fastLimits, graceMs: 500 },
  });
  return {
    runtime,
    logged: () => lines.join(""),
    async putSecret(name, key, value) {
      await mkdir(join(secretsDirectory, name), { recursive: true });
      await writeFile(join(secretsDirectory, name, key), value);
    },
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
