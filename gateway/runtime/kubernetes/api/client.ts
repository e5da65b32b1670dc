import { type Answer, failed } from "./answer.ts";
import type { Cluster } from "./cluster.ts";
import { apiLimits } from "./limits.ts";
import { lister, type Listed, type Selection } from "./list.ts";
import type { Draft, KubeObject } from "./object-meta.ts";
import { pause as pauseFor } from "../../pause.ts";
import { type Place, pathOf, pods, type Resource } from "./resources.ts";
import { type Call, jsonReader, type SendOptions, sender } from "./send.ts";
import type { Status } from "./status.ts";

type At = { readonly namespace: string; readonly name: string; readonly signal?: AbortSignal | undefined };

export type WriteOptions = {
  readonly namespace: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  /** `Strict`: a field that nobody knows is an error. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  readonly signal?: AbortSignal | undefined;
};

export type LogOptions = {
  readonly container?: string;
  readonly tailLines?: number;
  readonly follow?: boolean;
  /** Of the container's run before this one. */
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly limitBytes?: number;
};

export type RemoveOptions = {
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  /** Otherwise 409: what is removed is what was looked at. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
};

/** Just the fields that shall be so. */
export type Applied<O extends KubeObject> = Pick<O, "apiVersion" | "kind"> & {
  readonly metadata: { readonly name: string };
};

export type KubeClient = ReturnType<typeof kubeClient>;

/**
 * The verbs of an API server, on Bun's own fetch. Nothing rejects: what fails is an answer too, after whatever retries the
 * server itself asked for. Abort ends a call as `unreachable`.
 */
export function kubeClient(
  cluster: Cluster,
  {
    fetch = globalThis.fetch,
    now = Date.now,
    random = Math.random,
    pause = pauseFor,
    limits = apiLimits,
    events,
  }: Partial<Omit<SendOptions, "cluster">> = {},
) {
  const send = sender({ cluster, fetch, now, random, pause, limits, events });
  const readObject = jsonReader(limits);

  const list = lister(call, limits);
  return {
    get: <O extends KubeObject>(resource: Resource<O>, at: At) =>
      on(resource, at, (path) => call<O>({ method: "GET", path, signal: at.signal })),

    /** All pages of it. */
    list: <O extends KubeObject>(
      resource: Resource<O>,
      where: Selection & { namespace: string; signal?: AbortSignal | undefined },
    ): Promise<Answer<Listed<O>>> =>
      on(resource, { namespace: where.namespace }, (path) => list(resource, path, where)),

    create: <O extends KubeObject>(resource: Resource<O>, object: Draft<O>, options: WriteOptions) =>
      on(resource, { namespace: options.namespace }, (path) =>
        call<O>({ method: "POST", path, body: json("application/json", object), ...writing(options) }),
      ),

    /**
     * Server-side apply: these fields shall be so, whether the object exists or not. Without `force`, 409 where another
     * manager has one of them; a `resourceVersion` in the metadata is a precondition. A field that the server
     * does not know is its 500 `InternalError`.
     */
    apply: <O extends KubeObject>(
      resource: Resource<O>,
      object: Applied<O>,
      { force, ...options }: WriteOptions & { fieldManager: string; force: boolean },
    ) =>
      on(resource, { namespace: options.namespace, name: object.metadata.name }, (path) => {
        const { query, signal } = writing(options);
        const body = json("application/apply-patch+yaml", object);
        return call<O>({ method: "PATCH", path, body, query: { ...query, force }, signal });
      }),

    /** A `metadata.resourceVersion` in the patch is a precondition. */
    patch: <O extends KubeObject>(
      resource: Resource<O>,
      {
        name,
        type,
        patch,
        subresource,
        ...options
      }: WriteOptions & {
        name: string;
        type: "merge" | "strategic";
        patch: unknown;
        subresource?: "status" | "scale";
      },
    ) =>
      on(resource, { namespace: options.namespace, name, subresource }, (path) => {
        const mediaType = type === "merge" ? "application/merge-patch+json" : "application/strategic-merge-patch+json";
        return call<O>({ method: "PATCH", path, body: json(mediaType, patch), ...writing(options) });
      }),

    /** `ok` when it is accepted: the object may stay until its finalizers have run. */
    remove: <O extends KubeObject>(resource: Resource<O>, { namespace, name, signal, ...how }: At & RemoveOptions) =>
      on(resource, { namespace, name }, (path) => {
        const body = json("application/json", { apiVersion: "v1", kind: "DeleteOptions", ...how });
        return call<O | Status>({ method: "DELETE", path, body, signal });
      }),

    /**
     * A container's output. With `follow` the server begins its answer with the first line there is, so this may take as
     * long as the container is silent: bounded by the signal only.
     */
    logs: ({ namespace, name, signal, ...query }: At & LogOptions): Promise<Answer<ReadableStream<Uint8Array>>> =>
      on(pods, { namespace, name, subresource: "log" }, (path) =>
        stream({ method: "GET", path, query, signal }, query.follow ? undefined : limits.openMs),
      ),

    /** Lines of JSON, one event each, until the server or the signal ends it. */
    watch: <O extends KubeObject>(
      resource: Resource<O>,
      where: Selection & { namespace: string; resourceVersion: string; timeoutSeconds: number; signal: AbortSignal },
    ): Promise<Answer<ReadableStream<Uint8Array>>> =>
      on(resource, { namespace: where.namespace }, (path) => {
        const { namespace: _, signal, ...rest } = where;
        const query = { ...rest, watch: true, allowWatchBookmarks: true };
        return stream({ method: "GET", path, query, signal }, limits.openMs);
      }),

    /** Anything else: a path as it is, JSON back. */
    request: call,
  };

  function call<Value>(what: Call): Promise<Answer<Value>> {
    return send(what, { ms: limits.requestMs, until: "read" }, readObject<Value>);
  }

  function stream(what: Call, openMs: number | undefined): Promise<Answer<ReadableStream<Uint8Array>>> {
    const bounded = openMs === undefined ? undefined : ({ ms: openMs, until: "open" } as const);
    return send(what, bounded, (response) => Promise.resolve({ state: "ok", object: response.body ?? nothing() }));
  }
}

function on<O extends KubeObject, Value>(
  resource: Resource<O>,
  place: Place,
  then: (path: string) => Promise<Answer<Value>>,
): Promise<Answer<Value>> {
  const { namespace, name, subresource } = place;
  const path = pathOf(resource, "name" in place ? { namespace, name, subresource } : { namespace });
  return path === undefined ? Promise.resolve(noName(place)) : then(path);
}

function noName({ namespace, name }: Place) {
  return failed(422, "Invalid", `${JSON.stringify(namespace)}, ${JSON.stringify(name)}: this can be no name`);
}

function json(type: string, value: unknown): Call["body"] {
  return { type, text: JSON.stringify(value) };
}

function writing({ fieldManager, fieldValidation, dryRun, signal }: WriteOptions): Pick<Call, "query" | "signal"> {
  return { query: { fieldManager, fieldValidation, dryRun: dryRun ? "All" : undefined }, signal };
}

function nothing(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
