import { eventsTo } from "../../gateway/observe/events.ts";
import { openLog } from "../../gateway/observe/logs/log.ts";
import { kubeClient } from "../../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import type { ReflectorLimits } from "../../gateway/runtime/kubernetes/api/limits.ts";
import { kubernetesRuntime } from "../../gateway/runtime/kubernetes/kubernetes-runtime.ts";
import { leadershipByLease } from "../../gateway/runtime/kubernetes/leadership.ts";
import type { Store } from "../../gateway/store/store.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { namespace } from "./support.ts";

/** One of several gateways on a store: with a runtime and a candidacy of its own. */
export type Replica = TestGateway & { leading(): boolean };

/** PGlite cannot be shared by processes, so that these are all in this one. */
export async function startReplica(
  store: Store,
  { kubeconfig }: { kubeconfig: string },
  instance: string,
  limits?: ReflectorLimits,
): Promise<Replica> {
  await using opening = new AsyncDisposableStack();
  const client = kubeClient(await loadCluster({ kubeconfig }));
  const events = eventsTo(openLog("silent"));
  const gatewayName = "mcp-gateway";
  const settings = { namespace, registry: "", gatewayName, serviceAccount: "workload-sa", guard: undefined };
  const how = { client, settings, instance, now: Date.now, events, ...(limits && { limits }) };
  const runtime = opening.use(await kubernetesRuntime(how));
  const lease = { namespace, name: gatewayName, identity: instance };
  const leadership = opening.use(leadershipByLease({ client, ...lease, events }));
  const keys = { GATEWAY_KEYS: "a key that all of these gateways have in common" };
  // The store belongs to whoever opened it.
  const gateway = opening.use(await startGateway(keys, { store, runtime, leadership }));
  const opened = opening.move();
  return { ...gateway, leading: leadership.leading, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
