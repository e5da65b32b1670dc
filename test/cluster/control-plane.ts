import { createServer } from "node:net";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pause } from "../../gateway/runtime/pause.ts";
import { until } from "../support/until.ts";
import { type Api, apiAt } from "./api.ts";
import { apiServerFlags, type Flags, managerFlags, schedulerFlags } from "./flags.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { clientTls, type ClientTls, type Keys } from "./keys.ts";
import { type ClusterProcess, startProcess } from "./process.ts";

const startLimitMs = 60_000;
const restartMs = 300;

export type ControlPlane = AsyncDisposable & {
  readonly server: string;
  readonly tls: ClientTls;
  readonly api: Api;
  readonly processes: () => readonly ClusterProcess[];
  killApiServer(): Promise<void>;
  /** On the same port, with the same data; resolves when it is ready. */
  startApiServer(): Promise<void>;
  freezeApiServer(): void;
  thawApiServer(): void;
  compactEtcd(): Promise<void>;
};

/** Starts etcd, the API server, the controllers and the scheduler, and waits until pods can be created. */
export async function startControlPlane(options: {
  program: string;
  directory: string;
  keys: Keys;
  nodeAddress: string;
  /** Where to write the administrator's. */
  kubeconfig: string;
  /** How long a node may be silent before its pods are taken for lost. */
  nodeGraceSeconds: number;
}): Promise<ControlPlane> {
  const { program, directory, keys, kubeconfig } = options;
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const server = `https://127.0.0.1:${apiPort}`;
  const tls = await clientTls(keys);
  const api = apiAt(server, tls);
  const running = new Map<string, ClusterProcess>();
  const stopping = new AbortController();
  let up = false;
  await mkdir(join(directory, "logs"), { recursive: true });
  await writeKubeconfig(kubeconfig, server, tls);

  function start(name: string, flags: Flags): ClusterProcess {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const started = startProcess(name, [program, name, ...args], join(directory, "logs", `${name}.log`));
    running.set(name, started);
    void started.exited.then(() => startAgain(name, flags, started));
    return started;
  }

  /**
   * What ends without being asked to. `bun test` sends SIGTERM to every process it has when a single test times out; without this
   * all tests after that one would fail too.
   */
  async function startAgain(name: string, flags: Flags, ended: ClusterProcess): Promise<void> {
    await pause(restartMs, stopping.signal);
    if (up && !stopping.signal.aborted && running.get(name) === ended) start(name, flags);
  }

  async function killApiServer(): Promise<void> {
    const apiServer = running.get("kube-apiserver");
    running.delete("kube-apiserver");
    await apiServer?.kill();
  }

  async function ready(what: string, started: ClusterProcess, look: () => Promise<boolean>): Promise<void> {
    const seen = await until(what, async () => started.ended() || (await look().catch(() => false)), startLimitMs);
    if (seen && started.ended()) throw new Error(`${started.name} ended: ${await started.lastWords()}`);
  }

  async function startApiServer(): Promise<void> {
    const apiServer = start("kube-apiserver", apiServerFlags({ ...options, etcdUrl, port: apiPort }));
    await ready("the API server is ready", apiServer, async () => (await api.text("/readyz")) === "ok");
  }

  async function startAll(): Promise<void> {
    const peer = `http://127.0.0.1:${peerPort}`;
    const etcd = start("etcd", { data: join(directory, "etcd"), client: etcdUrl, peer });
    await ready("etcd is healthy", etcd, async () => (await fetch(`${etcdUrl}/health`)).ok);
    await startApiServer();
    const manager = start("kube-controller-manager", managerFlags(options));
    start("kube-scheduler", schedulerFlags(options));
    // No pod is admitted before its namespace has this one.
    await ready("the default service account is there", manager, async () => {
      await api.get("/api/v1/namespaces/default/serviceaccounts/default");
      return true;
    });
    up = true;
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all([...running.values()].map((each) => each.kill()));
  }

  try {
    await startAll();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    server,
    tls,
    api,
    processes: () => [...running.values()],
    killApiServer,
    startApiServer,
    freezeApiServer: () => running.get("kube-apiserver")?.signal("SIGSTOP"),
    thawApiServer: () => running.get("kube-apiserver")?.signal("SIGCONT"),
    async compactEtcd() {
      const child = Bun.spawn([program, "etcd-compact", `--client=${etcdUrl}`], { stdout: "ignore", stderr: "pipe" });
      const words = await new Response(child.stderr).text();
      if ((await child.exited) !== 0) throw new Error(`etcd was not compacted: ${words.trim()}`);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Held all at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listening() {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
