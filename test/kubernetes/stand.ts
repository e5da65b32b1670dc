import * as api from "../../openapi/client/index.ts";
import type { OwnCluster } from "../cluster/cluster.ts";
import { type GatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { steadyClients } from "./steady-client.ts";
import { adapterOf, podLimitMs, register, startGatewayOn, whenReady } from "./support.ts";

/** A gateway with two replicas of an adapter `weather`, and clients that call on and on. */
export async function openStand(cluster: OwnCluster) {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryDirectory());
  const gateway = opening.use(await startGatewayOn(cluster, path));
  const client = gateway.as();
  await register(client, adapterOf("weather", { replicaCount: 2 }));
  await whenReady(client, "weather", 2);
  const clients = opening.use(await steadyClients(gateway.mcpUrl("weather"), 4));
  const opened = opening.move();
  return {
    gateway,
    client,
    clients,
    mcp: gateway.mcpUrl("weather"),
    readiness: async () => (await fetch(new URL("/readyz", gateway.url))).status,
    log: logOf(gateway),
    async [Symbol.asyncDispose]() {
      await api.deleteAdapter({ client, path: { name: "weather" } });
      await opened.disposeAsync();
    },
  };
}

/** Waits for words that the log says after this. */
export function logOf(gateway: GatewayProcess) {
  return {
    fromNowOn() {
      const { length } = gateway.log();
      return (words: RegExp) =>
        until(`the log says ${words}`, () => words.test(gateway.log().slice(length)), podLimitMs);
    },
  };
}
