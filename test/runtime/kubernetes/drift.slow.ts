import { expect } from "bun:test";
import { until } from "../../support/until.ts";
import { workload } from "../workload.ts";
import { clusterOfFile, type KubernetesBench, podLimitMs, readyEndpoints, type Shown } from "./support.ts";

const file = clusterOfFile("repairs");
const { clusterTest } = await file.prepare();

const wanted = workload({ environment: { LEVEL: "one" } });

/** One replica that runs, and whatever is told of it applied again, as the reconciler does it. */
async function keepingBench() {
  const bench = await file.open();
  const { runtime } = bench;
  await runtime.apply(wanted);
  await readyEndpoints(runtime, 1);
  const drift: string[] = [];
  const failures: unknown[] = [];
  let last = Promise.resolve();
  runtime.onDrift((name) => {
    drift.push(name);
    last = last.then(() => runtime.apply(wanted)).catch((error) => void failures.push(error));
  });
  return { ...bench, drift, failures, settled: () => last };
}

/** What the gateway decides of an object; what the API server and the controllers add changes. */
async function decided(bench: KubernetesBench) {
  const set = await bench.show("StatefulSet", "weather");
  const service = await bench.show("Service", "weather-service");
  return { set: decidedOf(set), service: decidedOf(service) };
}

function decidedOf(shown: Shown | undefined) {
  return shown && { labels: shown.metadata.labels, annotations: shown.metadata.annotations, spec: shown.spec };
}

const edit = (patch: object) => ["patch", "statefulset", "weather", "--type=strategic", "-p", JSON.stringify(patch)];
const container = (change: object) => ({
  spec: { template: { spec: { containers: [{ name: "weather-container", ...change }] } } },
});

const repaired = /^Warning +Repaired +StatefulSet\/weather +What somebody else had changed is undone$/m;
const cases: { what: string; command: string[]; story: RegExp | undefined }[] = [
  {
    what: "a StatefulSet that is deleted",
    command: ["delete", "statefulset", "weather"],
    story: /^Warning +Repaired +StatefulSet\/weather +It was deleted by somebody else, and is there again$/m,
  },
  { what: "replicas that are edited", command: ["scale", "statefulset", "weather", "--replicas=3"], story: repaired },
  { what: "an image that is edited", command: edit(container({ image: "server:2" })), story: repaired },
  {
    what: "a variable that is edited",
    command: edit(container({ env: [{ name: "LEVEL", value: "two" }] })),
    story: repaired,
  },
  { what: "a Service that is deleted", command: ["delete", "service", "weather-service"], story: undefined },
  {
    what: "a Service that is edited",
    command: ["patch", "service", "weather-service", "-p", '{"spec":{"selector":{"adapter/name":"other"}}}'],
    story: undefined,
  },
  {
    what: "a label of the StatefulSet that is edited",
    command: ["label", "--overwrite", "statefulset", "weather", "app.kubernetes.io/component=x"],
    story: undefined,
  },
  {
    what: "a label of the Service that is edited",
    command: ["label", "--overwrite", "service", "weather-service", "app.kubernetes.io/component=x"],
    story: undefined,
  },
];

for (const { what, command, story } of cases) {
  clusterTest(
    `${what} is noticed and repaired`,
    async () => {
      await using bench = await keepingBench();
      const before = await decided(bench);
      expect((await bench.tryKubectl(command)).stderr).toBe("");
      await until("it is noticed", () => bench.drift.includes("weather"));
      await until(
        "it is as before",
        async () => Bun.deepEquals(await decided(bench), before) && (await isSettled(bench)),
        podLimitMs,
      );
      const [endpoint] = await readyEndpoints(bench.runtime, 1);
      expect(((await (await fetch(`${endpoint?.origin}/env`)).json()) as { LEVEL: string }).LEVEL).toBe("one");
      expect(bench.failures).toEqual([]);
      if (story) {
        const columns = "custom-columns=TYPE:.type,REASON:.reason,OF:.involvedObject.name,SAYS:.message";
        const told = async () =>
          (await bench.kubectl("get", "events", "-o", columns, "--no-headers")).replaceAll(
            / {2,}weather {2,}/g,
            "  StatefulSet/weather  ",
          );
        await until("it is told", async () => story.test(await told()));
        expect(await bench.kubectl("describe", "statefulset", "weather")).toContain("Repaired");
      }
    },
    podLimitMs * 2,
  );
}

clusterTest(
  "what somebody adds that the gateway does not decide stays, and is no repair",
  async () => {
    await using bench = await keepingBench();
    await bench.kubectl("annotate", "statefulset", "weather", "team=maps");
    await bench.kubectl("label", "service", "weather-service", "team=maps");
    await until("it is noticed", () => bench.drift.length >= 2);
    await bench.settled();
    await bench.runtime.apply(wanted);
    expect((await bench.show("StatefulSet", "weather"))?.metadata.annotations).toMatchObject({ team: "maps" });
    expect((await bench.show("Service", "weather-service"))?.metadata.labels).toMatchObject({ team: "maps" });
    expect(await bench.kubectl("get", "events")).not.toContain("Repaired");
  },
  podLimitMs * 2,
);

/** Its one pod is the latest, and no other is left. */
async function isSettled({ kubectl }: KubernetesBench): Promise<boolean> {
  const status = await kubectl("get", "statefulset", "weather", "-o", "json");
  const { metadata, status: now } = JSON.parse(status) as {
    metadata: { generation: number };
    status: Record<string, unknown>;
  };
  return (
    now["observedGeneration"] === metadata.generation &&
    now["replicas"] === 1 &&
    now["readyReplicas"] === 1 &&
    now["updatedReplicas"] === 1 &&
    now["currentRevision"] === now["updateRevision"]
  );
}
