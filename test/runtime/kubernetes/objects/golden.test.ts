import { expect, test } from "bun:test";
import { join } from "node:path";
import { serviceFor } from "../../../../gateway/runtime/kubernetes/objects/service.ts";
import { statefulSetFor } from "../../../../gateway/runtime/kubernetes/objects/stateful-set.ts";
import { goldenWorkloads } from "./golden-workloads.ts";
import { settings } from "./support.ts";

/** The hash of a pod is in them: an upgraded gateway that makes these same files restarts no replica. */
for (const [name, workload] of Object.entries(goldenWorkloads)) {
  test(`golden/${name}.yaml is what is applied`, async () => {
    const expected = Bun.YAML.parse(await Bun.file(join(import.meta.dir, "golden", `${name}.yaml`)).text());
    expect(asSent([statefulSetFor(workload, settings), serviceFor(workload, settings)])).toEqual(expected);
  });
}

function asSent(objects: unknown): unknown {
  return JSON.parse(JSON.stringify(objects));
}
