import { writeFile } from "../../../gateway/store/transfer/write-file.ts";
import { resourceFrom } from "../../../gateway/store/transfer/record.ts";

/** Writes adapters that run nothing into a store which no gateway has open yet: over REST, thousands would take minutes. */
export async function register(
  count: number,
  image: string,
  at: { folder: string; storeUrl: string; signal: AbortSignal },
): Promise<void> {
  const file = `${at.folder}/adapters-${count}.jsonl`;
  const resources = Array.from({ length: count }, (_, i) => resourceFrom(record(`registered-${i}`, image)));
  await writeFile({ resources, trail: noTrail, notes: [] }, file, { withAudit: false }, () => {});
  const importing = Bun.spawn([process.execPath, storeProgram, "import", file, at.storeUrl], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: importTimeoutMs,
    signal: at.signal,
  });
  const said = await new Response(importing.stderr).text();
  if ((await importing.exited) !== 0)
    throw new Error(`${count} adapters could not be registered:\n${said.slice(-2000)}`);
}

const storeProgram = `${import.meta.dir}/../../../gateway/store-main.ts`;
const importTimeoutMs = 120_000;

function record(name: string, imageName: string): object {
  const at = "2026-01-01T00:00:00.000Z";
  const body = {
    ...{ id: name, name, imageName, imageVersion: "1", environmentVariables: {}, replicaCount: 0 },
    ...{ description: "One of many", useWorkloadIdentity: false, requiredRoles: [], pod: null },
    ...{ allowedTools: null, exposeTools: false, affinity: "principal", managedBy: "gateway" },
    ...{ createdBy: "dev", createdAt: at, lastUpdatedAt: at },
  };
  return { kind: "adapter", name, uid: crypto.randomUUID(), revision: 1, deleting: false, body };
}

async function* noTrail() {}
