import { afterAll, beforeAll, expect, test } from "bun:test";
import { clusterAvailable, type OwnCluster, startCluster } from "../cluster/cluster.ts";
import type { Pod } from "../cluster/objects.ts";
import { isReady } from "../cluster/support.ts";
import { until } from "../support/until.ts";
import { adapterPod, injector, namespace, webhookConfiguration } from "./cluster-objects.ts";
import {
  guardsOf,
  images,
  type Installed,
  install,
  podLimitMs,
  steadyAdmissions,
  steadyHandshakes,
} from "./installed.ts";
import { otherWebhook } from "./other-webhook.ts";

const available = await clusterAvailable();
const skipped = available.state === "missing" || Boolean(process.env["KUBECONFIG"]);
if (skipped) {
  const why = available.state === "missing" ? available.why : "KUBECONFIG names another";
  console.error(`SKIPPED: the injector on a cluster of processes: ${why}`);
}
const clusterTest = test.skipIf(skipped);

let cluster: OwnCluster;
let installed: Installed;
beforeAll(async () => {
  if (skipped) return;
  const started = await startCluster({ images });
  if (started.origin !== "own") throw new Error("no cluster of its own");
  cluster = started;
  installed = await install(cluster);
}, 3_600_000);
afterAll(async () => {
  await installed?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
}, 60_000);

clusterTest("a labelled pod gets a guard before its server, and nothing else about it changes", async () => {
  const asked = adapterPod("weather-0");
  expect(await installed.create(asked)).toBeUndefined();
  const { spec } = await installed.pod("weather-0");
  expect(spec.initContainers).toMatchObject([{ name: "mcp-guard", image: "guard:1", restartPolicy: "Always" }]);
  expect(spec.initContainers?.[0]?.env).toContainEqual({ name: "GUARD_UPSTREAM", value: "http://127.0.0.1:8080" });
  expect(spec.volumes).toMatchObject([
    { name: "mcp-gateway-jwks", configMap: { name: "mcp-gateway-jwks", optional: true } },
  ]);
  expect(spec.containers).toMatchObject(asked.spec.containers);
  expect(spec.containers).toHaveLength(1);
});

clusterTest("a pod without the label, one that opted out and one in another namespace stay as they are", async () => {
  const others = [
    adapterPod("plain", { labels: { "mcp-gateway/adapter": undefined } }),
    adapterPod("opted-out", { labels: { "mcp-gateway/inject": "false" } }),
    adapterPod("weather-0", { namespace: "elsewhere" }),
  ];
  for (const other of others) {
    expect(await installed.create(other)).toBeUndefined();
    const pod = await installed.pod(other.metadata.name, other.metadata.namespace);
    expect([pod.spec.initContainers, pod.spec.volumes]).toEqual([undefined, undefined]);
  }
});

clusterTest("the pods of a StatefulSet and of a Deployment get theirs", async () => {
  const labels = { "mcp-gateway/adapter": "forecast" };
  const template = { metadata: { labels }, spec: adapterPod("any").spec };
  const spec = { replicas: 2, selector: { matchLabels: labels }, template };
  await installed.apply(
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "forecast", namespace },
      spec: { serviceName: "forecast", podManagementPolicy: "Parallel", ...spec },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "forecast", namespace },
      spec: {
        ...spec,
        selector: { matchLabels: { ...labels, by: "deployment" } },
        template: { ...template, metadata: { labels: { ...labels, by: "deployment" } } },
      },
    },
  );
  const pods = await until("four pods", async () => {
    const { items } = await cluster.api.get<{ items: Pod[] }>(
      `/api/v1/namespaces/${namespace}/pods?labelSelector=mcp-gateway%2Fadapter%3Dforecast`,
    );
    return items.length === 4 && items;
  });
  expect(pods.map(guardsOf)).toEqual([1, 1, 1, 1]);
});

clusterTest("kubectl's dry run shows the guard, and leaves nothing behind", async () => {
  const { stdout, stderr } = await installed.kubectl(
    ["apply", "--dry-run=server", "-o=json", "-f", "-"],
    adapterPod("dry"),
  );
  expect(stderr).toBe("");
  expect(guardsOf(JSON.parse(stdout) as Pod)).toBe(1);
  await expect(installed.pod("dry")).rejects.toThrow("404");
});

clusterTest("a pod that was exported and is made again has one guard, the same", async () => {
  expect(await installed.create(adapterPod("exported"))).toBeUndefined();
  const { stdout } = await installed.kubectl(["get", "pod", "exported", "-n", namespace, "-o=json"]);
  const { metadata, spec } = JSON.parse(stdout) as Pod;
  await installed.kubectl(["delete", "pod", "exported", "-n", namespace]);
  const { name, labels } = metadata;
  const again = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, spec };
  expect(await installed.create(again)).toBeUndefined();
  const made = await installed.pod("exported");
  expect(made.spec.initContainers).toEqual(spec.initContainers as never);
  expect(guardsOf(made)).toBe(1);
});

clusterTest("another webhook that adds containers makes the injector look again, and change nothing", async () => {
  const { webhook, asked } = await otherWebhook();
  await using _ = webhook;
  await installed.apply(webhook.configuration);
  const looked = () => installed.metrics("mcp_injector_requests_total", '{result="skip",reason="already-guarded"}');
  try {
    const before = await looked();
    await until(
      "the other webhook is asked",
      async () => {
        await installed.create(adapterPod("twice"), "--dry-run=server");
        return asked.length > 0;
      },
      podLimitMs,
    );
    expect(await installed.create(adapterPod("twice"))).toBeUndefined();
    const { spec } = await installed.pod("twice");
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(["other", "mcp-guard"]);
    expect(await looked()).toBeGreaterThan(before);
  } finally {
    await installed.kubectl(["delete", "mutatingwebhookconfiguration", webhook.configuration.metadata.name]);
  }
});

clusterTest("why a pod is refused reaches kubectl, and the Events of a StatefulSet", async () => {
  const words =
    "On the node's network the guard's ports would be the node's: take hostNetwork out of the pod, or set the label mcp-gateway/inject: \"false\", and the gateway leaves it alone.";
  const onNode = adapterPod("on-node", { spec: { hostNetwork: true } });
  expect(await installed.create(onNode)).toBe(
    `Error from server (Forbidden): error when creating "STDIN": admission webhook "guards.mcp-gateway.injector" denied the request: ${words}\n`,
  );
  const labels = { "mcp-gateway/adapter": "refused" };
  const template = { metadata: { labels }, spec: onNode.spec };
  const spec = { replicas: 1, serviceName: "refused", selector: { matchLabels: labels }, template };
  await installed.apply({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "refused", namespace }, spec });
  await until("kubectl describe tells it", async () => {
    const { stdout } = await installed.kubectl(["describe", "statefulset", "refused", "-n", namespace]);
    return stdout.includes("FailedCreate") && stdout.includes(words);
  });
});

clusterTest(
  "while no injector runs, pods of adapters are refused, it is said why, and everything else goes on",
  async () => {
    await installed.scale(0);
    try {
      const refusal = await until("it is refused", () => installed.create(adapterPod("down")), podLimitMs);
      expect(refusal).toContain('failed calling webhook "guards.mcp-gateway.injector"');
      const endMs = Date.now() + 10_000;
      for (let round = 0; Date.now() < endMs; round++) {
        expect(await installed.create(adapterPod(`down-${round}`))).toBeDefined();
        const others = [
          adapterPod(`plain-${round}`, { labels: { "mcp-gateway/adapter": undefined } }),
          adapterPod(`out-${round}`, { labels: { "mcp-gateway/inject": "false" } }),
          adapterPod(`down-${round}`, { namespace: "elsewhere" }),
        ];
        for (const other of others) expect(await installed.create(other)).toBeUndefined();
      }
    } finally {
      await installed.scale(2);
    }
    await installed.whenAnswering();
    expect(await installed.create(adapterPod("down"))).toBeUndefined();
    expect(guardsOf(await installed.pod("down"))).toBe(1);
  },
  podLimitMs * 3,
);

clusterTest(
  "leaves and authorities change under constant admissions and handshakes, and none fails",
  async () => {
    await installed.whenAnswering();
    const admissions = steadyAdmissions(installed);
    const handshakes = await steadyHandshakes(installed);
    const [leaves, authorities, bundles] = [new Set<string>(), new Set<string>(), new Set<number>()];
    await until(
      "two authorities have had five leaves",
      async () => {
        const { "tls.crt": leaf = "", "ca.crt": authority = "" } = await installed.secret();
        leaves.add(leaf);
        authorities.add(authority);
        bundles.add((await installed.bundle()).split("BEGIN CERTIFICATE").length - 1);
        return leaves.size >= 5 && authorities.size >= 2;
      },
      150_000,
    );
    const { admitted, wrong } = await admissions.end();
    const { shaken, wrong: untrusted } = await handshakes.end();
    expect([...wrong, ...untrusted]).toEqual([]);
    expect(admitted).toBeGreaterThan(1000);
    expect(shaken).toBeGreaterThan(1000);
    expect([...bundles]).toContain(2);
    expect(await installed.metrics("mcp_injector_certificate_failures_total")).toBe(0);
  },
  180_000,
);

clusterTest(
  "injectors are replaced under constant admissions, and none fails",
  async () => {
    await installed.whenAnswering();
    const before = (await installed.injectorPods()).map(({ metadata }) => metadata.uid);
    const admissions = steadyAdmissions(installed);
    await installed.kubectl(["rollout", "restart", "deployment", injector, "-n", namespace]);
    await until(
      "both are other ones",
      async () => {
        const now = await installed.injectorPods();
        return now.length === 2 && now.every((pod) => isReady(pod) && !before.includes(pod.metadata.uid));
      },
      podLimitMs,
    );
    const { admitted, wrong } = await admissions.end();
    expect(wrong).toEqual([]);
    expect(admitted).toBeGreaterThan(100);
  },
  podLimitMs * 2,
);

clusterTest(
  "a pod that was made while the webhook was not there is found, and kubectl tells it",
  async () => {
    await installed.kubectl(["delete", "mutatingwebhookconfiguration", injector]);
    try {
      await until("no webhook is asked", async () => {
        await installed.kubectl(["delete", "pod", "missed", "-n", namespace, "--ignore-not-found"]);
        await installed.create(adapterPod("missed"));
        return guardsOf(await installed.pod("missed")) === 0;
      });
      const { stdout } = await until("the Event is there", async () => {
        const events = await installed.kubectl(["events", "--for=pod/missed", "--types=Warning", "-n", namespace]);
        return events.stdout.includes("MissingGuard") && events;
      });
      expect(stdout).toContain("This pod has no guard, so the gateway sends it nothing");
      expect(stdout.match(/MissingGuard/g)).toHaveLength(1);
      // Both injectors count it.
      await until("it counts", async () => (await installed.metrics("mcp_injector_pods_without_guard")) === 2);
    } finally {
      await installed.apply(webhookConfiguration);
    }
    await installed.whenAnswering();
    await installed.kubectl(["delete", "pod", "missed", "-n", namespace]);
    await until("it counts no more", async () => (await installed.metrics("mcp_injector_pods_without_guard")) === 0);
  },
  podLimitMs * 2,
);

clusterTest("an injector may read and change what is its own, and nothing else", async () => {
  const as = [`--as=system:serviceaccount:${namespace}:${injector}`, "-n", namespace];
  const may = async (...question: string[]) =>
    (await installed.kubectl(["auth", "can-i", ...question, ...as])).stdout.trim();
  const asked = [
    ["get", `secrets/${injector}`],
    ["patch", `secrets/${injector}`],
    ["watch", "pods"],
    ["create", "events"],
    ["patch", `mutatingwebhookconfigurations/${injector}`],
    ["get", "secrets/another"],
    ["list", "secrets"],
    ["create", "secrets"],
    ["delete", `secrets/${injector}`],
    ["create", "pods"],
    ["delete", "pods"],
    ["patch", "mutatingwebhookconfigurations/another"],
    ["delete", `mutatingwebhookconfigurations/${injector}`],
    ["list", "pods", "--all-namespaces"],
  ];
  const answers = await Promise.all(asked.map((question) => may(...question)));
  expect(answers).toEqual([...Array.from({ length: 5 }, () => "yes"), ...Array.from({ length: 9 }, () => "no")]);
});
