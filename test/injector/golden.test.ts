import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { applied } from "./json-patch.ts";
import { type Outcome, outcomeOf } from "./reviews.ts";

type Pod = { readonly spec: Spec };
type Spec = { readonly initContainers?: readonly Named[] | null; readonly volumes?: readonly Named[] | null };
type Named = { readonly name: string };

const folder = join(import.meta.dir, "golden");
const files = await Promise.all(
  (await readdir(folder)).toSorted().map(async (file) => {
    const { pod, ...outcome } = Bun.YAML.parse(await Bun.file(join(folder, file)).text()) as Outcome & { pod: Pod };
    return { file, pod, outcome };
  }),
);
const patched = files.flatMap(({ file, pod, outcome }) =>
  "patch" in outcome ? [{ file, pod, patch: outcome.patch }] : [],
);

test.each(files)("golden/$file tells what becomes of its pod", ({ pod, outcome }) => {
  expect(outcomeOf(pod)).toEqual(outcome);
});

test.each(patched)("but for guard and keys the pod of golden/$file stays as it is", ({ pod, patch }) => {
  const guarded = applied(pod, patch) as Pod;
  expect(guarded.spec.initContainers?.at(-1)?.name).toBe("mcp-guard");
  expect(guarded.spec.volumes?.at(-1)).toEqual({
    name: "mcp-gateway-jwks",
    configMap: { name: "mcp-gateway-jwks", optional: true },
  } as Named);
  expect(withoutGuard(guarded)).toEqual(withoutGuard(pod));
});

test.each(patched)("asked again about the pod of golden/$file, the injector changes nothing", ({ pod, patch }) => {
  expect(outcomeOf(applied(pod, patch))).toEqual({ skip: "already-guarded" });
});

test("a pod that the gateway has made is left as it is", async () => {
  const made = join(import.meta.dir, "../runtime/kubernetes/objects/golden/guarded-adapter.yaml");
  const [statefulSet] = Bun.YAML.parse(await Bun.file(made).text()) as { spec: { template: object } }[];
  expect(outcomeOf(statefulSet?.spec.template)).toEqual({ skip: expect.any(String) });
});

/** Lists that are not there count as empty ones. */
function withoutGuard(pod: Pod) {
  const { initContainers, volumes } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      initContainers: (initContainers ?? []).filter(({ name }) => name !== "mcp-guard"),
      volumes: (volumes ?? []).filter(({ name }) => name !== "mcp-gateway-jwks"),
    },
  };
}
