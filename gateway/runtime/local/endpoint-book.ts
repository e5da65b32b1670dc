import type { Endpoint, Endpoints } from "../runtime.ts";

export interface EndpointBook extends Endpoints {
  /** Replaces a workload's endpoints; subscribers hear of it only if they differ. */
  publish(workload: string, endpoints: readonly Endpoint[]): void;
}

const none: readonly Endpoint[] = Object.freeze([]);

export function endpointBook(): EndpointBook {
  const book = new Map<string, readonly Endpoint[]>();
  const subscribers = new Set<(workload: string) => void>();

  return {
    of: (workload) => book.get(workload) ?? none,
    subscribe(onChange) {
      // Wrapped, so that one function subscribed twice is two subscriptions.
      const subscriber = (workload: string) => onChange(workload);
      subscribers.add(subscriber);
      return () => void subscribers.delete(subscriber);
    },
    publish(workload, endpoints) {
      if (areEqual(book.get(workload) ?? none, endpoints)) return;
      if (endpoints.length === 0) book.delete(workload);
      else book.set(workload, endpoints);
      for (const notify of subscribers) notify(workload);
    },
  };
}

function areEqual(some: readonly Endpoint[], others: readonly Endpoint[]): boolean {
  return (
    some.length === others.length &&
    some.every((endpoint, at) => endpoint.id === others[at]?.id && endpoint.state === others[at]?.state)
  );
}
