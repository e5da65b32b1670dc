import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "../../openapi/client/index.ts";
import { apiServer, kubeconfigFor } from "../injector/api-server.ts";
import { type InjectorProcess, startInjector } from "../injector/process.ts";
import { type Client, clientOf } from "../support/client.ts";
import { type MockIssuer, mockIssuer } from "../support/mock-issuer.ts";
import { type GatewayProcess, startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import type { Target } from "./prometheus.ts";

const server = fileURLToPath(new URL("programs/moody-server.ts", import.meta.url));

export type Stand = AsyncDisposable & {
  readonly gateway: GatewayProcess;
  readonly injector: InjectorProcess;
  readonly kubernetes: ReturnType<typeof apiServer>;
  readonly issuer: MockIssuer;
  readonly levelFile: string;
  readonly client: Client;
  tokenOf(user: string): Promise<string>;
  readonly targets: readonly Target[];
};

/**
 * Two gateways as people start them, one of which nobody uses; the other one has an identity provider, and guards before its
 * replicas. An injector beside them. Adapters: `moody` and `example` are well, `mortal` may die, `mute` is never ready.
 */
export async function openStand(): Promise<Stand> {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryDirectory());
  const issuer = opening.use(await mockIssuer());
  const levelFile = join(path, "level");
  await writeFile(levelFile, "info");
  await writeFile(join(path, "images.json"), JSON.stringify({ moody: { command: ["bun", server] } }));
  const gateway = opening.use(
    await startGatewayProcess(path, {
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: "gateway",
      METRICS_PORT: "0",
      GUARD: "on",
      GUARD_LOG_LEVEL: "info",
      IMAGE_CATALOGUE: join(path, "images.json"),
      LOG_LEVEL_FILE: levelFile,
      HOLD_SECONDS: "1",
      MAX_STREAMS: "1",
    }),
  );
  const idle = opening.use(await startGatewayProcess(join(path, "idle"), { METRICS_PORT: "0" }));
  const kubernetes = opening.use(apiServer());
  const injector = opening.use(await startInjector({ KUBECONFIG: await kubeconfigFor(kubernetes, path) }));
  const tokenOf = (user: string) => issuer.token({ aud: "gateway", scope: "mcp", sub: user, roles: ["mcp.dev"] });
  const client = clientOf(gateway.url, { authorization: `Bearer ${await tokenOf("ada")}` });
  await makeResources(client);
  const guards = await Promise.all(["moody", "example"].map((adapter) => guardOf(client, adapter)));
  const namespace = "adapter";
  const targets = [
    ...[gateway, idle].map((each, at) => ({
      url: /"metricsUrl":"([^"]+)"/.exec(each.log())?.[1] ?? "",
      labels: { job: "mcp-gateway", namespace, pod: `mcp-gateway-${at}` },
    })),
    ...guards.map(({ url, adapter }) => ({
      url,
      labels: { job: "mcp-guard", namespace, pod: `${adapter}-0`, adapter },
    })),
    {
      url: `http://127.0.0.1:${injector.health}/metrics`,
      labels: { job: "mcp-gateway-injector", namespace, pod: "mcp-gateway-injector-0" },
    },
  ];
  const opened = opening.move();
  return {
    gateway,
    injector,
    kubernetes,
    issuer,
    levelFile,
    client,
    tokenOf,
    targets,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function makeResources(client: Client): Promise<void> {
  const common = { imageName: "moody", imageVersion: "1", requiredRoles: ["mcp.dev"] };
  const adapters = [
    { ...common, name: "mortal", replicaCount: 1 },
    { ...common, name: "moody", replicaCount: 1, allowedTools: { "*": ["add", "fail", "forget", "die"] } },
    { ...common, name: "mute", environmentVariables: { MUTE: "1" } },
    { ...common, name: "example", imageName: "mcp-example", replicaCount: 1, exposeTools: true },
  ];
  for (const body of adapters) {
    const { error } = await api.createAdapter({ client, body });
    if (error) throw new Error(error.detail);
  }
  const { error } = await api.createServer({
    client,
    body: { name: "team", requiredRoles: ["mcp.dev"], tools: [{ adapter: "example", tool: "add", as: "add" }] },
  });
  if (error) throw new Error(error.detail);
  for (const name of ["moody", "example"]) {
    await until(`${name} is healthy`, async () => {
      const { data } = await api.getAdapterStatus({ client, path: { name } });
      return data?.replicaStatus === "Healthy";
    });
  }
}

/** Where the figures of the first replica's guard are: it says so when it starts. */
async function guardOf(client: Client, adapter: string): Promise<{ adapter: string; url: string }> {
  const origin = await until(`the guard of ${adapter} has told its port`, async () => {
    const { data } = await api.getAdapterLogs({ client, path: { name: adapter }, query: { instance: 0 } });
    return /"health":"http:\/\/[^:]+:(\d+)"/.exec(String(data))?.[1];
  });
  return { adapter, url: `http://127.0.0.1:${origin}/metrics` };
}
