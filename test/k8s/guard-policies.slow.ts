import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { withGuard } from "../../injector/pod/with-guard.ts";
import { clusterAvailable } from "../cluster/cluster.ts";
import { until } from "../support/until.ts";
import { asList, type Installed, install } from "./installed.ts";
import { confined, podOf } from "./pods.ts";

const available = await clusterAvailable();
if (available.state === "missing") console.warn(`SKIPPED, guards by policy on a real API server: ${available.why}`);

const labels = { "mcp-gateway/adapter": "weather" };
const spec = { containers: [confined({ ports: [{ name: "mcp", containerPort: 8000 }] })] };
const guard = { image: "registry.example.com/mcp-gateway:0.1.0", variables: {} };
const guarded = withGuard(spec, { adapter: "weather", port: 8000 }, guard);

describe.if(available.state === "ready")("on a real API server", () => {
  let cluster: Installed;
  beforeAll(async () => {
    cluster = await install();
    // It takes the API server a moment to know a new policy.
    await until("the policy is in force", () => cluster.refusalOf(podOf(labels, spec)), 20_000);
  }, 900_000);
  afterAll(async () => await cluster?.[Symbol.asyncDispose]());

  test("an adapter's pod without a guard is refused in words, whoever makes it", async () => {
    expect(await cluster.refusalOf(podOf(labels, spec))).toContain(
      "An adapter's pod needs a guard, and this one has none: is the injector running?",
    );
    const asContainer = { containers: [...spec.containers, confined({ name: "mcp-guard" })] };
    expect(await cluster.refusalOf(podOf(labels, asContainer))).toContain("needs a guard");
    const inTheWay = { ...spec, initContainers: [confined({ name: "mcp-guard" })] };
    expect(await cluster.refusalOf(podOf(labels, inTheWay))).toContain("needs a guard");
  });

  test("one with a guard is taken, and so is one that is no adapter's or opted out by name", async () => {
    expect(await cluster.refusalOf(podOf(labels, guarded))).toBeUndefined();
    expect(await cluster.refusalOf(podOf({ app: "weather" }, spec))).toBeUndefined();
    expect(await cluster.refusalOf(podOf({ ...labels, "mcp-gateway/inject": "false" }, spec))).toBeUndefined();
  });

  test("with components/guard-by-policy the API server adds the very guard that the injector would", async () => {
    const wanted = ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"];
    const objects = (await cluster.rendered("test/k8s/everything")).filter(
      ({ kind, metadata }) => wanted.includes(kind) || (kind === "ConfigMap" && metadata.name === "mcp-gateway-guard"),
    );
    expect(objects).toHaveLength(3);
    await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], asList(objects));
    await until(
      "the policy is in force",
      async () => (await cluster.refusalOf(podOf(labels, spec))) === undefined,
      20_000,
    );
    const first = { initContainers: [confined({ name: "first" })], volumes: [{ name: "cache", emptyDir: {} }] };
    const cases: [object, typeof spec, number][] = [
      [{}, spec, 8000],
      [{}, { ...spec, ...first }, 8000],
      [{ "mcp-gateway/port": "9090" }, spec, 9090],
      [{}, guarded, 8000],
    ];
    for (const [annotations, given, port] of cases) {
      const made = await dryRun(podOf(labels, given), annotations);
      const expected = await dryRun(podOf(labels, withGuard(given, { adapter: "weather", port }, guard)), annotations);
      expect(made).toEqual(expected);
      expect(made.spec.initContainers?.at(-1)?.name).toBe("mcp-guard");
    }
    await cluster.kubectl(["delete", "-f", "-"], asList(objects));
  });

  /** The pod as it would be kept, defaults and all, but for what is new each time. */
  async function dryRun({ metadata, ...pod }: ReturnType<typeof podOf>, annotations: object) {
    const input = JSON.stringify({ ...pod, metadata: { ...metadata, annotations } });
    const { stdout } = await cluster.kubectl(["create", "--dry-run=server", "-o=json", "-f", "-"], input);
    const made = JSON.parse(stdout) as { spec: { initContainers?: { name: string }[]; volumes: { name: string }[] } };
    const volumes = made.spec.volumes.filter(({ name }) => !name.startsWith("kube-api-access"));
    return JSON.parse(
      JSON.stringify({
        spec: { ...made.spec, volumes: volumes.toSorted((a, b) => (a.name < b.name ? -1 : 1)) },
      }).replaceAll(/kube-api-access-\w+/g, "kube-api-access"),
    ) as typeof made;
  }
});
