import { expect, test } from "bun:test";
import { join } from "node:path";
import { serviceFor } from "../../../../gateway/runtime/kubernetes/objects/service.ts";
import { statefulSetFor } from "../../../../gateway/runtime/kubernetes/objects/stateful-set.ts";
import { goldenWorkloads } from "./golden-workloads.ts";
import { clusterWorkload, guard, settings } from "./support.ts";

/** The hash of a pod is in them: an upgraded gateway that makes these same files restarts no replica. */
for (const [name, workload] of Object.entries(goldenWorkloads)) {
  test(`golden/${name}.yaml is what is applied`, async () => {
    const expected = Bun.YAML.parse(await Bun.file(join(import.meta.dir, "golden", `${name}.yaml`)).text());
    expect(asSent([statefulSetFor(workload, settings), serviceFor(workload, settings)])).toEqual(expected);
  });
}

test("golden/guarded-adapter.yaml is what is applied where guards stand before adapters", async () => {
  const expected = Bun.YAML.parse(await Bun.file(join(import.meta.dir, "golden/guarded-adapter.yaml")).text());
  const guarded = { ...settings, guard };
  const workload = clusterWorkload({ pod: { template: guardless } });
  expect(asSent([statefulSetFor(workload, guarded), serviceFor(workload, guarded)])).toEqual(expected);
});

/** A patch that would rather be without. */
const guardless = {
  metadata: { labels: { "mcp-gateway/adapter": "other", "mcp-gateway/inject": "false" } },
  spec: { initContainers: [{ name: "migrate", image: "registry.example.com/migrate:1" }] },
};

test("a tool has no guard", () => {
  const tool = clusterWorkload({ kind: "tool", name: "forecast", port: 9090 });
  const guarded = { ...settings, guard };
  expect(statefulSetFor(tool, guarded)).toEqual(statefulSetFor(tool, settings));
  expect(serviceFor(tool, guarded)).toEqual(serviceFor(tool, settings));
});

function asSent(objects: unknown): unknown {
  return JSON.parse(JSON.stringify(objects));
}
