import { join } from "node:path";
import { loadCluster } from "../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import type { OwnCluster } from "../cluster/cluster.ts";

/** A request that changes a workload's object: what leases and Events are about is left out. */
export type Write = { readonly method: string; readonly path: string };
export type Moment = "before" | "after";

/** A way into the cluster through which a gateway's requests pass, and where they can be counted, held and cut. */
export type Door = AsyncDisposable & {
  /** Path of the file. */
  readonly kubeconfig: string;
  readonly writes: readonly Write[];
  /** Called at each write, before it reaches the API server and after it was done. `cut`: it goes no further. */
  onWrite: (write: Write, when: Moment) => Promise<"go on" | "cut">;
  /** The watches that are open now stay so and say no more, as behind a network that has forgotten them. */
  silenceWatches(): void;
};

export async function openDoor(cluster: OwnCluster, directory: string): Promise<Door> {
  const { server, access } = await loadCluster({ kubeconfig: cluster.kubeconfig });
  const { tls } = await access(false);
  const writes: Write[] = [];
  let silenced = new AbortController();
  const door: Pick<Door, "kubeconfig" | "writes" | "onWrite"> = {
    kubeconfig: join(directory, "kubeconfig"),
    writes,
    onWrite: async () => "go on" as const,
  };
  const serving = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: pass });
  await Bun.write(door.kubeconfig, kubeconfigFor(`http://127.0.0.1:${serving.port}`));
  return Object.assign(door, {
    silenceWatches() {
      silenced.abort();
      silenced = new AbortController();
    },
    [Symbol.asyncDispose]: () => serving.stop(true),
  });

  async function pass(request: Request): Promise<Response> {
    const { pathname, search, searchParams } = new URL(request.url);
    const { method, headers, signal } = request;
    const body = method === "GET" ? null : await request.text();
    const write = isWrite(method, pathname, searchParams) ? { method, path: pathname } : undefined;
    if (write) {
      if ((await door.onWrite(write, "before")) === "cut") return cut();
      writes.push(write);
    }
    headers.delete("host");
    const answer = await fetch(`${server}${pathname}${search}`, {
      method,
      headers,
      body,
      signal,
      tls,
      decompress: false,
    });
    if (write && (await door.onWrite(write, "after")) === "cut") return cut();
    const isWatch = searchParams.get("watch") === "true";
    return new Response(isWatch && answer.body ? until(silenced.signal, answer.body) : answer.body, answer);
  }
}

/** For nobody: who asked is dead. */
const cut = () => new Response(null, { status: 503 });

/** What goes through it until the signal aborts; then nothing does, and it does not end. */
function until(signal: AbortSignal, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const silence = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      if (!signal.aborted) controller.enqueue(bytes);
    },
    flush: () => (signal.aborted ? new Promise(() => undefined) : undefined),
  });
  return body.pipeThrough(silence);
}

function isWrite(method: string, path: string, query: URLSearchParams): boolean {
  return method !== "GET" && !query.has("dryRun") && /\/(statefulsets|services)\b/.test(path);
}

/** JSON is YAML. */
function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "door",
    clusters: [{ name: "door", cluster: { server } }],
    users: [{ name: "door", user: {} }],
    contexts: [{ name: "door", context: { cluster: "door", user: "door" } }],
  });
}
