import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import * as api from "../../openapi/client/index.ts";
import type { OwnCluster } from "../cluster/cluster.ts";
import { isReady } from "../cluster/support.ts";
import { type Deployment, type Manifest, manifestsIn } from "../k8s/manifests.ts";
import { type GatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { apply, barePod, statefulSet } from "./found.ts";
import {
  adapterOf,
  clusterOfFile,
  kubectl,
  openSessions,
  podLimitMs,
  podsOf,
  register,
  startGatewayOn,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("the injector as it is installed");
const injector = "mcp-gateway-injector";
const downMs = 45_000;
const stack = new AsyncDisposableStack();
let gateway: GatewayProcess;

beforeAll(async () => {
  if (!cluster()) return;
  const { path } = stack.use(await temporaryDirectory());
  await installInjector(cluster(), path);
  gateway = stack.use(await startGatewayOn(cluster(), path));
  await until("the injectors are ready", async () => (await injectorPods()).filter(isReady).length === 2, podLimitMs);
  const trial = barePod({ name: "trial" });
  await until("they are asked", async () => (await created(trial, "--dry-run=server")) === undefined, podLimitMs);
}, podLimitMs * 3);
afterAll(() => stack.disposeAsync(), podLimitMs);

clusterTest(
  "a StatefulSet that is applied with kubectl gets guards, and its traffic comes through the gateway only",
  async () => {
    const client = gateway.as();
    await apply(cluster(), statefulSet({ name: "weather", replicas: 2 }));
    await until("it is an adapter", async () => (await api.getAdapter({ client, path: { name: "weather" } })).data);
    await whenReady(client, "weather", 2);
    const printed = await kubectl(cluster(), "get", "pods", "--selector=app=weather", "--no-headers");
    expect(printed.match(/2\/2 +Running/g)).toHaveLength(2);

    const sessions = await openSessions(gateway.mcpUrl("weather"), 6);
    for (const { session, replica } of sessions) expect(await session.call("counter")).toEqual({ count: 1, replica });
    for (const pod of await podsLabelled("weather")) {
      const straight = await fetch(`http://${pod.status?.podIP}:15001/mcp`, { method: "POST", body: "{}" });
      expect(straight.status).toBe(403);
    }
    const { response } = await api.deleteAdapter({
      client: gateway.as("root", "mcp.admin"),
      path: { name: "weather" },
    });
    expect(response?.status).toBe(409);
  },
  podLimitMs * 2,
);

clusterTest(
  "a pod that opted out is admitted without a guard, and nothing leads there",
  async () => {
    const pod = barePod({ name: "alone", labels: { "mcp-gateway/inject": "false" } });
    expect(await created(pod)).toBeUndefined();
    await until("it runs", async () => isReady(await podNamed("alone")), podLimitMs);
    const { response } = await api.getAdapter({ client: gateway.as("root", "mcp.admin"), path: { name: "alone" } });
    expect(response?.status).toBe(404);
  },
  podLimitMs,
);

clusterTest(
  "while no injector runs, only pods that need one wait: they are made when it is back",
  async () => {
    await scaleInjectors(0);
    const downSince = performance.now();
    await apply(cluster(), statefulSet({ name: "patient" }));
    expect(await created(barePod({ name: "refused" }))).toContain("failed calling webhook");

    // Whatever else is made goes on: pods without the label, pods elsewhere, and the gateway's own adapters.
    const plain = barePod({ name: "plain", labels: { "mcp-gateway/adapter": undefined as unknown as string } });
    expect(await created(plain)).toBeUndefined();
    expect(await created(barePod({ name: "elsewhere" }), "--namespace=default")).toBeUndefined();
    await register(gateway.as(), adapterOf("own"));
    await whenReady(gateway.as(), "own", 1);
    await openSessions(gateway.mcpUrl("weather"), 1);

    await until("it was down for long enough", () => performance.now() - downSince >= downMs, downMs + 5_000);
    const events = await kubectl(cluster(), "events", "--for=statefulset/patient", "--no-headers");
    expect(events).toContain("failed calling webhook");
    expect(await podsLabelled("patient")).toEqual([]);
    await scaleInjectors(2);
    await whenReady(gateway.as(), "patient", 1, 120_000);
    const [pod] = await podsLabelled("patient");
    expect(pod?.spec.initContainers?.map(({ name }) => name)).toEqual(["mcp-guard"]);
    expect(await podsOf(cluster(), "own")).toHaveLength(1);
  },
  downMs + 180_000,
);

/** What `k8s/` installs for it. The API server's address comes in a file, which this cluster's kubelet has none of. */
async function installInjector(on: OwnCluster, directory: string): Promise<void> {
  const installed = manifestsIn(await Bun.file(`${import.meta.dir}/../../k8s/install.yaml`).text());
  const settings = installed.filter(({ metadata }) => metadata.name.startsWith("mcp-gateway-settings-"));
  const policies = installed.filter(({ metadata }) => metadata.name === "mcp-gateway-guards");
  const its = installed.filter(({ metadata }) => metadata.name === injector);
  const rights = its.filter(({ kind }) => kind === "ServiceAccount" || /Role/.test(kind));
  await apply(on, ...rights, ...settings, ...policies);
  const { stdout } = await on.kubectl(["create", "token", injector, "--namespace=adapter"]);
  const admin = JSON.parse(await Bun.file(on.kubeconfig).text()) as { users: { name: string }[] };
  const kubeconfig = join(directory, "injector-kubeconfig");
  const users = admin.users.map(({ name }) => ({ name, user: { token: stdout.trim() } }));
  await Bun.write(kubeconfig, JSON.stringify({ ...admin, users }));
  const rest = its.filter((object) => !rights.includes(object) && object.kind !== "NetworkPolicy");
  await apply(on, ...rest.map((object) => (isDeployment(object) ? withVariable(object, kubeconfig) : object)));
}

function isDeployment(object: Manifest): object is Deployment {
  return object.kind === "Deployment";
}

function withVariable(deployment: Deployment, kubeconfig: string): object {
  const { template } = deployment.spec;
  const [container] = template.spec.containers;
  const env = [...(container?.env ?? []), { name: "KUBECONFIG", value: kubeconfig }];
  const spec = {
    ...template.spec,
    automountServiceAccountToken: false,
    containers: [{ ...container, env, volumeMounts: [] }],
  };
  return { ...deployment, spec: { ...deployment.spec, template: { ...template, spec } } };
}

/** Gives what kubectl says when it is refused. */
async function created(object: object, ...options: string[]): Promise<string | undefined> {
  const args = [
    "create",
    "-f",
    "-",
    ...(options.some((each) => each.startsWith("--namespace")) ? [] : ["--namespace=adapter"]),
    ...options,
  ];
  const { exitCode, stderr } = await cluster().kubectl(args, JSON.stringify(object));
  return exitCode === 0 ? undefined : stderr;
}

async function scaleInjectors(replicas: number): Promise<void> {
  await kubectl(cluster(), "scale", "deployment", injector, `--replicas=${replicas}`);
  const look = async () => {
    const pods = await injectorPods();
    return pods.length === replicas && pods.every(isReady);
  };
  await until(`${replicas} injectors`, look, podLimitMs * 2);
}

function injectorPods() {
  return podsBy(`app.kubernetes.io/name=${injector}`);
}

function podsLabelled(app: string) {
  return podsBy(`app=${app}`);
}

async function podsBy(selector: string) {
  const path = `/api/v1/namespaces/adapter/pods?labelSelector=${encodeURIComponent(selector)}`;
  return (await cluster().api.get<{ items: Awaited<ReturnType<typeof podNamed>>[] }>(path)).items;
}

async function podNamed(name: string) {
  return await cluster().api.get<Awaited<ReturnType<typeof podsOf>>[number]>(`/api/v1/namespaces/adapter/pods/${name}`);
}
