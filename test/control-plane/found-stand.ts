import { openRegistrar } from "../../gateway/control-plane/registrar.ts";
import type { Pause } from "../../gateway/control-plane/work-queue.ts";
import {
  type Endpoint,
  type Found,
  type FoundAdapter,
  type FoundData,
  type Leadership,
  nothingFound,
} from "../../gateway/runtime/runtime.ts";
import type { Store } from "../../gateway/store/store.ts";
import { openView } from "../../gateway/store/view.ts";

/** What the objects of an adapter say that everybody may use who has the role mcp.dev. */
export function foundData(changes: Partial<FoundData> = {}): FoundData {
  return {
    imageName: "mcp-example",
    imageVersion: "1",
    replicaCount: 2,
    description: "",
    requiredRoles: ["mcp.dev"],
    allowedTools: null,
    exposeTools: false,
    affinity: "principal",
    ...changes,
  };
}

export function usable(
  changes: Partial<FoundData> = {},
  replicas: "wanted" | "counted" = "wanted",
): Extract<FoundAdapter, { state: "usable" }> {
  return { state: "usable", data: foundData(changes), replicas };
}

/** A cluster in which the test runs what people would; any number of gateways may look at it. */
export function foundStand() {
  const adapters = new Map<string, FoundAdapter>();
  const endpoints = new Map<string, readonly Endpoint[]>();
  const listeners = new Set<(name: string) => void>();
  const explained = new Map<string, string | undefined>();
  const missed = new Set<string>();
  const found: Found = {
    ...nothingFound,
    names: () => [...adapters.keys()],
    get(name) {
      if (!adapters.has(name)) missed.add(name);
      return adapters.get(name);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    explain: (name, refusal) => void explained.set(name, refusal),
    endpoints: {
      of: (name) => endpoints.get(name) ?? [],
      subscribe(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
  };
  return {
    found,
    put(name: string, adapter: FoundAdapter, at: readonly Endpoint[] = []) {
      adapters.set(name, adapter);
      endpoints.set(name, at);
      tell(name);
    },
    remove(name: string) {
      missed.delete(name);
      adapters.delete(name);
      endpoints.delete(name);
      tell(name);
    },
    /** Why it is not registered, as it was last told; undefined when nothing stands against it. */
    refusalOf: (name: string) => explained.get(name),
    /** Somebody has looked for it since it was removed. */
    isMissed: (name: string) => missed.has(name),
    listeners,
  };

  function tell(name: string): void {
    for (const listener of listeners) listener(name);
  }
}

const alone: Leadership = { leading: () => true, onChange: () => () => undefined };

/** The registrar of a gateway as it is after a start, with what failed. What has gone is remembered for no time at all. */
export async function startRegistrar(
  found: Found,
  store: Store,
  options: { leadership?: Leadership; lingerMs?: number; pause?: Pause; now?: () => number } = {},
) {
  await using opening = new AsyncDisposableStack();
  const failed: object[] = [];
  const view = opening.use(
    await openView({ store, kinds: ["adapter", "tool"], events: { changeFeedFailed: () => undefined } }),
  );
  const events = {
    registrationFailed: (what: object) => void failed.push(what),
    resourceWritten: () => undefined,
    reconciled: () => undefined,
  };
  const { leadership = alone, lingerMs = 0, now = Date.now, ...rest } = options;
  opening.use(openRegistrar({ store, view, found, leadership, events, lingerMs, now, ...rest }));
  const opened = opening.move();
  return { view, failed, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
