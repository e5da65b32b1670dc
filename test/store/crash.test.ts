import { expect, test } from "bun:test";
import { auditOf } from "../../gateway/store/audit.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const writer = `${import.meta.dirname}/crash-writer.ts`;
const kills = 4;

test("a gateway killed with -9 in the middle of writing loses no acknowledged write, and each has its audit row", async () => {
  await using directory = await temporaryDirectory();
  const acknowledged = new Map<string, number>();
  for (let run = 0; run < kills; run++) {
    await writeUntilKilled(directory.path, run, 1 + Math.floor(Math.random() * 150), acknowledged);
    expect(acknowledged.size).toBeGreaterThan(run);
    await using store = await openPglite({ directory: directory.path });
    const stored = new Map((await store.list("adapter")).map((resource) => [resource.name, resource]));
    for (const [name, revision] of acknowledged)
      expect(stored.get(name)?.revision ?? 0).toBeGreaterThanOrEqual(revision);
    for (const { name, uid, revision, deleting, body } of stored.values()) {
      const audited = (await auditOf(store.db, "adapter", name)).map(
        (row) => `${row.uid} ${row.revision} ${row.action}`,
      );
      const history = [`${uid} 1 create`, `${uid} 2 update`, `${uid} 3 delete`];
      expect(audited).toEqual(history.slice(0, revision));
      expect({ replicas: body.replicaCount, deleting }).toEqual({
        replicas: revision > 1 ? 2 : 1,
        deleting: revision > 2,
      });
    }
  }
}, 60_000);

/** Kills the writer after so many acknowledged writes, at whatever it is doing then; notes all that it acknowledged. */
async function writeUntilKilled(directory: string, run: number, writes: number, acknowledged: Map<string, number>) {
  const child = Bun.spawn([process.execPath, writer, directory, `${run}`], { stdout: "pipe", stderr: "inherit" });
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    if (output.split("\n").length > writes) child.kill("SIGKILL");
  }
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  // A line without its end was not acknowledged in full.
  for (const line of output.split("\n").slice(0, -1)) {
    const [name, revision] = line.split(" ");
    acknowledged.set(name as string, Number(revision));
  }
}
