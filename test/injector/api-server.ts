import { join } from "node:path";
import { type Asked, fakeApi, status } from "../runtime/kubernetes/api/fake-api.ts";
import { appliedTo, type AnyOperation } from "./json-patch.ts";

type Metadata = { name: string; uid: string; resourceVersion: string } & Record<string, unknown>;
type Kept = { metadata: Metadata } & Record<string, unknown>;
type Configuration = Kept & { webhooks: { clientConfig: { service: object; caBundle?: string } }[] };
type Watcher = ReadableStreamDefaultController<Uint8Array>;

const paths = {
  secret: "/api/v1/namespaces/adapter/secrets/mcp-gateway-injector",
  configuration: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/mcp-gateway-injector",
  pods: "/api/v1/namespaces/adapter/pods",
  events: "/api/v1/namespaces/adapter/events",
};

/** As much of an API server as an injector speaks to, in memory. */
export function apiServer() {
  let version = 10;
  const state = {
    secret: { metadata: metadataOf("mcp-gateway-injector") } as Kept | undefined,
    configuration: configurationOf() as Configuration | undefined,
    events: new Map<string, Kept>(),
    /** Instead of taking an Event. */
    refuseEvents: undefined as (() => Response) | undefined,
  };
  const pods = new Map<string, Kept>();
  const watchers = new Set<Watcher>();
  const api = fakeApi(answer);
  return Object.assign(state, {
    origin: api.origin,
    asked: api.asked,
    bundle: () => Buffer.from(state.configuration?.webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString(),
    putPod(pod: { metadata: object; spec: object }): void {
      const metadata = { uid: `uid-${version}`, ...pod.metadata } as Metadata;
      const type = pods.has(metadata.name) ? "MODIFIED" : "ADDED";
      const kept = {
        apiVersion: "v1",
        kind: "Pod",
        ...pod,
        metadata: { ...metadata, resourceVersion: `${++version}` },
      };
      pods.set(metadata.name, kept);
      tell(type, kept);
    },
    removePod(name: string): void {
      const pod = pods.get(name);
      pods.delete(name);
      if (pod) tell("DELETED", pod);
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
    },
  });

  function answer(asked: Asked): Response {
    const { method, url } = asked;
    if (url.pathname === paths.secret) return secretAnswer(asked);
    if (url.pathname === paths.configuration) return configurationAnswer(asked);
    if (url.pathname === paths.events && method === "POST") return state.refuseEvents?.() ?? keepEvent(asked);
    if (url.pathname === paths.pods && url.searchParams.has("watch")) return watch();
    if (url.pathname === paths.pods) {
      return Response.json({
        kind: "PodList",
        apiVersion: "v1",
        metadata: { resourceVersion: `${version}` },
        items: [...pods.values()],
      });
    }
    return status(403, "Forbidden", `${method} ${url.pathname} is not allowed`);
  }

  function secretAnswer({ method, body }: Asked): Response {
    if (!state.secret) return status(404, "NotFound", "there is none");
    if (method === "GET") return Response.json(state.secret);
    const { metadata, data } = JSON.parse(body) as { metadata: Metadata; data: Record<string, string | null> };
    if (metadata.resourceVersion !== state.secret.metadata.resourceVersion) return conflict();
    const all = { ...(state.secret["data"] as object), ...data };
    const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
    state.secret = { metadata: { ...state.secret.metadata, resourceVersion: `${++version}` }, data: kept };
    return Response.json(state.secret);
  }

  function configurationAnswer({ method, body }: Asked): Response {
    const { configuration } = state;
    if (!configuration) return status(404, "NotFound", "there is none");
    if (method === "GET") return Response.json(configuration);
    const patched = appliedTo(structuredClone(configuration), JSON.parse(body) as AnyOperation[]) as Configuration;
    if (patched.metadata.resourceVersion !== configuration.metadata.resourceVersion) return conflict();
    state.configuration = { ...patched, metadata: { ...patched.metadata, resourceVersion: `${++version}` } };
    return Response.json(state.configuration);
  }

  function keepEvent({ body }: Asked): Response {
    const event = JSON.parse(body) as Kept;
    if (state.events.has(event.metadata.name)) return status(409, "AlreadyExists", "there is one");
    state.events.set(event.metadata.name, event);
    return Response.json(
      { ...event, metadata: { ...event.metadata, uid: "event", resourceVersion: `${++version}` } },
      { status: 201 },
    );
  }

  function watch(): Response {
    let own: Watcher | undefined;
    return new Response(
      new ReadableStream({
        start(controller) {
          own = controller;
          // Bun.serve sends the head of an answer with its first bytes.
          controller.enqueue(Buffer.from("\n"));
          watchers.add(controller);
        },
        cancel: () => void (own && watchers.delete(own)),
      }),
    );
  }

  function tell(type: string, object: Kept): void {
    for (const watcher of watchers) watcher.enqueue(Buffer.from(`${JSON.stringify({ type, object })}\n`));
  }

  function metadataOf(name: string): Metadata {
    return { name, uid: `uid-${name}`, resourceVersion: `${++version}` };
  }

  function configurationOf(): Configuration {
    const service = { name: "mcp-gateway-injector", namespace: "adapter", path: "/inject" };
    return { metadata: metadataOf("mcp-gateway-injector"), webhooks: [{ clientConfig: { service } }] };
  }
}

export type ApiServer = ReturnType<typeof apiServer>;

/** A kubeconfig for it in this folder; JSON is YAML. */
export async function kubeconfigFor({ origin }: { origin: string }, folder: string): Promise<string> {
  const path = join(folder, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "fake",
    clusters: [{ name: "fake", cluster: { server: origin } }],
    users: [{ name: "fake", user: {} }],
    contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
  };
  await Bun.write(path, JSON.stringify(config));
  return path;
}

function conflict(): Response {
  return status(409, "Conflict", "it has been modified");
}
