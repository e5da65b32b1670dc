import type { Answer } from "../../../../gateway/runtime/kubernetes/api/answer.ts";
import { failed, unreachable } from "../../../../gateway/runtime/kubernetes/api/answer.ts";
import type { Lease, LeaseSpec } from "../../../../gateway/runtime/kubernetes/api/objects.ts";
import type { ElectionOptions } from "../../../../gateway/runtime/kubernetes/api/lease.ts";
import { nextTurn } from "./fake-time.ts";

/** One Lease in memory, with versions as an API server keeps them. */
export function leaseServer() {
  const state = { lease: undefined as Lease | undefined, writes: 0 };
  let version = 0;
  return Object.assign(state, { clientOf, write });

  /** Of one contender; its line to the server may be cut, or swallow what is sent. */
  function clientOf(line: { state: "open" | "cut" | "silent" }): ElectionOptions["client"] {
    const through = async <Value>(
      signal: AbortSignal | undefined,
      then: () => Answer<Value>,
    ): Promise<Answer<Value>> => {
      await nextTurn();
      if (line.state === "silent") await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      if (signal?.aborted) return unreachable("aborted");
      return line.state === "cut" ? unreachable("cut") : then();
    };
    const client = {
      get: (_resource: unknown, { signal }: { signal?: AbortSignal }) =>
        through(signal, () => (state.lease ? ok(state.lease) : failed(404, "NotFound", "none"))),
      create: (_resource: unknown, { spec }: { spec: LeaseSpec }, { signal }: { signal?: AbortSignal }) =>
        through(signal, () => (state.lease ? failed(409, "AlreadyExists", "there is one") : ok(write(spec)))),
      patch: (_resource: unknown, { patch, signal }: { patch: unknown; signal?: AbortSignal }) =>
        through(signal, () => {
          const { metadata, spec } = patch as { metadata: { resourceVersion: string }; spec: LeaseSpec };
          if (!state.lease) return failed(404, "NotFound", "none");
          if (metadata.resourceVersion !== state.lease.metadata.resourceVersion)
            return failed(409, "Conflict", "it has been modified");
          return ok(write(spec));
        }),
    };
    return client as unknown as ElectionOptions["client"];
  }

  function write(spec: LeaseSpec): Lease {
    state.writes++;
    const metadata = { name: "mcp-gateway", uid: "u", resourceVersion: `${++version}` };
    state.lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    return state.lease;
  }
}

function ok<Value>(object: Value): Answer<Value> {
  return { state: "ok", object };
}
