import type { Service } from "../../../../gateway/runtime/kubernetes/api/objects.ts";
import { until } from "../../../support/until.ts";
import { fakeApi, listOf } from "./fake-api.ts";

type Watch = {
  readonly query: URLSearchParams;
  send(event: object): void;
  bytes(bytes: Uint8Array): void;
  end(): void;
};

/** An API server of one collection: what it lists and what its watches say is the test's to decide. */
export function watchServer() {
  const watches: Watch[] = [];
  const state = {
    lists: 0,
    items: [] as Service[],
    resourceVersion: "1",
    /** Instead of a list or of a watch. */
    refuseList: undefined as (() => Response) | undefined,
    refuseWatch: undefined as (() => Response) | undefined,
  };
  const api = fakeApi(({ url }) => {
    if (!url.searchParams.has("watch")) {
      state.lists++;
      return state.refuseList?.() ?? listOf(state.items, state.resourceVersion);
    }
    if (state.refuseWatch) return state.refuseWatch();
    return new Response(new ReadableStream({ start: (body) => void watches.push(watchOn(url.searchParams, body)) }));
  });
  return Object.assign(state, {
    origin: api.origin,
    watches,
    /** The watch of that number, from 1, once it is open. */
    watch: (number: number) => until(`watch ${number}`, () => watches[number - 1]),
    [Symbol.asyncDispose]: api[Symbol.asyncDispose],
  });
}

function watchOn(query: URLSearchParams, body: ReadableStreamDefaultController<Uint8Array>): Watch {
  // Bun.serve sends the head of an answer with its first bytes; an API server sends it at once.
  body.enqueue(Buffer.from("\n"));
  return {
    query,
    send: (event) => body.enqueue(Buffer.from(`${JSON.stringify(event)}\n`)),
    bytes: (bytes) => body.enqueue(bytes),
    end: () => body.close(),
  };
}

export function added(object: Service) {
  return { type: "ADDED", object };
}
export function modified(object: Service) {
  return { type: "MODIFIED", object };
}
export function deleted(object: Service) {
  return { type: "DELETED", object };
}
export function bookmark(resourceVersion: string) {
  return { type: "BOOKMARK", object: { kind: "Service", apiVersion: "v1", metadata: { resourceVersion } } };
}
export function watchError(code: number, reason: string) {
  return {
    type: "ERROR",
    object: { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: "why" },
  };
}
