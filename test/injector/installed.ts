import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import type { OwnCluster } from "../cluster/cluster.ts";
import type { Pod } from "../cluster/objects.ts";
import { isReady } from "../cluster/support.ts";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { adapterPod, injector, injectorObjects, namespace, rights, webhookConfiguration } from "./cluster-objects.ts";

export const images = {
  "injector:1": [process.execPath, fileURLToPath(new URL("../../injector/main.ts", import.meta.url))],
};
/** How long pods, and whatever waits for them, may take. */
export const podLimitMs = 30_000;

export type Installed = Awaited<ReturnType<typeof install>>;

/** Injectors as pods of this cluster, under a service account that may do what they need and nothing else. */
export async function install(cluster: OwnCluster) {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryDirectory());
  for (const name of [namespace, "elsewhere"]) await makeNamespace(name);
  await apply(...rights);
  const kubeconfig = await kubeconfigOfAccount(`${path}/kubeconfig`);
  await apply(...injectorObjects(kubeconfig), webhookConfiguration);
  await whenAnswering();
  const opened = opening.move();
  return {
    cluster,
    kubectl,
    apply,
    create,
    pod,
    whenAnswering,
    injectorPods,
    scale,
    secret,
    bundle,
    metrics,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };

  /** Whatever comes of it. */
  function kubectl(args: readonly string[], input?: object) {
    return cluster.kubectl(args, input && JSON.stringify(input));
  }

  async function apply(...items: readonly object[]): Promise<void> {
    const { exitCode, stderr } = await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items });
    if (exitCode !== 0) throw new Error(stderr);
  }

  /** Gives what kubectl says when it is refused. */
  async function create(object: object, ...options: string[]): Promise<string | undefined> {
    const { exitCode, stderr } = await kubectl(["create", "-f", "-", ...options], object);
    return exitCode === 0 ? undefined : stderr;
  }

  function pod(name: string, where = namespace): Promise<Pod> {
    return cluster.api.get<Pod>(`/api/v1/namespaces/${where}/pods/${name}`);
  }

  async function scale(replicas: number): Promise<void> {
    await kubectl(["scale", "deployment", injector, "-n", namespace, `--replicas=${replicas}`]);
    await until(`${replicas} injectors`, async () => (await injectorPods()).length === replicas, podLimitMs);
  }

  /** When the API server asks them, and trusts them. */
  async function whenAnswering(): Promise<void> {
    await until("two injectors are ready", async () => (await injectorPods()).filter(isReady).length === 2, podLimitMs);
    const trial = adapterPod("trial");
    await until("they are asked", async () => (await create(trial, "--dry-run=server")) === undefined, podLimitMs);
  }

  async function injectorPods(): Promise<Pod[]> {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${injector}`);
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`;
    return (await cluster.api.get<{ items: Pod[] }>(path)).items;
  }

  async function secret(): Promise<Record<string, string>> {
    const path = `/api/v1/namespaces/${namespace}/secrets/${injector}`;
    return (await cluster.api.get<{ data?: Record<string, string> }>(path)).data ?? {};
  }

  async function bundle(): Promise<string> {
    type Configuration = { webhooks: { clientConfig: { caBundle?: string } }[] };
    const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${injector}`;
    const { webhooks } = await cluster.api.get<Configuration>(path);
    return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
  }

  /** The sum of a metric over the injectors, for the labels that are given as they are written. */
  async function metrics(name: string, labels = ""): Promise<number> {
    const texts = await Promise.all(
      (await injectorPods()).map(async ({ status }) => (await fetch(`http://${status?.podIP}:8080/metrics`)).text()),
    );
    const lines = texts.flatMap((text) => text.split("\n").filter((line) => line.startsWith(`${name}${labels} `)));
    return lines.map((line) => Number(line.split(" ")[1])).reduce((sum, value) => sum + value, 0);
  }

  async function makeNamespace(name: string): Promise<void> {
    await cluster.api.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    // No pod is admitted before it is there.
    await until(`the service account of ${name}`, () =>
      cluster.api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`).catch(() => undefined),
    );
  }

  /** The administrator's, with another user. */
  async function kubeconfigOfAccount(file: string): Promise<string> {
    const { stdout, stderr } = await kubectl(["create", "token", injector, "-n", namespace]);
    if (stdout === "") throw new Error(stderr);
    const admin = JSON.parse(await Bun.file(cluster.kubeconfig).text()) as { users: { name: string }[] };
    const users = admin.users.map(({ name }) => ({ name, user: { token: stdout.trim() } }));
    await Bun.write(file, JSON.stringify({ ...admin, users }));
    return file;
  }
}

export function guardsOf({ spec }: Pod): number {
  return spec.initContainers?.filter(({ name }) => name === "mcp-guard").length ?? 0;
}

/** Four clients that make pods on and on, each a dry run, until the end; each pod has to get its guard. */
export function steadyAdmissions({ cluster }: Pick<Installed, "cluster">) {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  const wrong: string[] = [];
  let admitted = 0;
  let over = false;
  const clients = Array.from({ length: 4 }, async (_, client) => {
    while (!over) {
      const made = await cluster.api.post<Pod>(path, adapterPod(`steady-${client}`)).catch(String);
      if (typeof made === "string") wrong.push(made);
      else if (guardsOf(made) === 1) admitted += 1;
      else wrong.push("no guard");
    }
  });
  return {
    async end() {
      over = true;
      await Promise.all(clients);
      return { admitted, wrong };
    },
  };
}

/** How late an API server of these handshakes hears of a changed configuration: less than the injectors wait. */
const lateMs = 1500;

/** Clients that shake hands with every injector on and on, and trust what was published a moment ago. */
export async function steadyHandshakes({ bundle, injectorPods }: Pick<Installed, "bundle" | "injectorPods">) {
  const addresses = (await injectorPods()).map(({ status }) => status?.podIP ?? "none");
  const published = [{ atMs: performance.now() - lateMs, pem: await bundle() }];
  const wrong: string[] = [];
  let shaken = 0;
  let over = false;
  const running = run();
  return {
    async end() {
      over = true;
      await running;
      return { shaken, wrong };
    },
  };

  async function run(): Promise<void> {
    while (!over) {
      published.push({ atMs: performance.now(), pem: await bundle() });
      const ca = published.findLast(({ atMs }) => atMs <= performance.now() - lateMs)?.pem ?? "";
      for (const host of addresses)
        await shake(host, ca).then(
          () => shaken++,
          (error: Error) => wrong.push(error.message),
        );
    }
  }
}

function shake(host: string, ca: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 8443, ca, servername: `${injector}.${namespace}.svc` }, () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}
