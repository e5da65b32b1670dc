import type { Endpoints, Runtime } from "../runtime/runtime.ts";
import { managerOf } from "../store/store.ts";
import type { View } from "../store/view.ts";

/**
 * Where the replicas of a name are: those the gateway made, or those that were found, as the record says. Whoever labels a pod
 * with the name of an adapter that is managed here gets none of its requests.
 */
export function endpointsByManager({
  view,
  runtime,
}: {
  view: Pick<View, "get" | "subscribe">;
  runtime: Pick<Runtime, "endpoints"> & { readonly found: Pick<Runtime["found"], "endpoints"> };
}): Endpoints {
  return {
    of: (name) => sourceOf(name).of(name),
    subscribe(onChange) {
      const from = (source: Endpoints) =>
        source.subscribe((name) => void (sourceOf(name) === source && onChange(name)));
      const stops = [
        from(runtime.endpoints),
        from(runtime.found.endpoints),
        view.subscribe((kind, name) => void (kind === "adapter" && onChange(name))),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };

  function sourceOf(name: string): Endpoints {
    const record = view.get("adapter", name);
    return record && managerOf(record.body) === "kubernetes" ? runtime.found.endpoints : runtime.endpoints;
  }
}
