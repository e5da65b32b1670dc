import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import type { View } from "../../store/view.ts";
import { accessKey, type Caller } from "./caller.ts";
import type { ListKind, Peers } from "./peer.ts";

/** Changes that come close together, as from a deployment of many tools, are told once. */
const coalesceMs = 100;

export type ListChanges = Disposable & {
  /** What one caller hears on `subscriptions/listen`. */
  busFor(caller: Caller): ServerEventBus;
};

type Listener = { readonly accessKey: string; readonly lists: Set<ListKind>; readonly tell: (list: ListKind) => void };

const everyList: readonly ListKind[] = ["tools", "prompts", "resources"];

/**
 * When the router's lists change: with the records, by whichever gateway they were written, and when an adapter's server
 * says so to a caller. A notification says only that it is worth to list again, so it may come once too often.
 */
export function listChanges({
  view,
  peers,
}: {
  view: Pick<View, "subscribe">;
  peers: Pick<Peers, "subscribe">;
}): ListChanges {
  const listeners = new Set<Listener>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const unsubscribeView = view.subscribe((kind) => {
    for (const listener of listeners) note(listener, kind === "adapter" ? everyList : ["tools"]);
  });
  const unsubscribePeers = peers.subscribe((change) => {
    for (const listener of listeners) if (listener.accessKey === change.accessKey) note(listener, [change.list]);
  });

  return {
    busFor(caller) {
      const key = accessKey(caller.principal);
      return {
        publish: () => {},
        subscribe(onEvent) {
          const listener = {
            accessKey: key,
            lists: new Set<ListKind>(),
            tell: (list: ListKind) => onEvent(events[list]),
          };
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      };
    },
    [Symbol.dispose]() {
      unsubscribeView();
      unsubscribePeers();
      clearTimeout(timer);
    },
  };

  function note({ lists }: Listener, changed: readonly ListKind[]): void {
    for (const list of changed) lists.add(list);
    timer ??= setTimeout(tellAll, coalesceMs);
  }

  function tellAll(): void {
    timer = undefined;
    for (const { lists, tell } of listeners) {
      const changed = [...lists];
      lists.clear();
      for (const list of changed) tell(list);
    }
  }
}

const events: Record<ListKind, ServerEvent> = {
  tools: { kind: "tools_list_changed" },
  prompts: { kind: "prompts_list_changed" },
  resources: { kind: "resources_list_changed" },
};
