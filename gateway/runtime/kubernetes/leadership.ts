import type { Events } from "../../observe/events.ts";
import type { Leadership } from "../runtime.ts";
import type { KubeClient } from "./api/client.ts";
import { leaderElection } from "./api/lease.ts";

/** Of several gateways on one store the one that holds the Lease; released when it is disposed. */
export function leadershipByLease({
  client,
  namespace,
  name,
  identity,
  events,
}: {
  client: KubeClient;
  namespace: string;
  name: string;
  /** Of this very process. */
  identity: string;
  events: Pick<Events, "leadershipChanged">;
}): Leadership & AsyncDisposable {
  const closing = new AbortController();
  const listeners = new Set<() => void>();
  const election = leaderElection({
    client,
    namespace,
    name,
    identity,
    signal: closing.signal,
    onChange({ leading, holder }) {
      events.leadershipChanged({ leading, holder: holder ?? "nobody" });
      for (const listener of listeners) listener();
    },
  });
  return {
    leading: election.leading,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await election.done;
    },
  };
}
