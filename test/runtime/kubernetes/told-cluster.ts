import { failed } from "../../../gateway/runtime/kubernetes/api/answer.ts";
import type { KubeClient } from "../../../gateway/runtime/kubernetes/api/client.ts";
import type { KubeObject } from "../../../gateway/runtime/kubernetes/api/object-meta.ts";
import { eventsTo } from "../../../gateway/observe/events.ts";
import { openLog } from "../../../gateway/observe/logs/log.ts";
import { kubernetesRuntime } from "../../../gateway/runtime/kubernetes/kubernetes-runtime.ts";
import type { ObjectSettings } from "../../../gateway/runtime/kubernetes/objects/workload.ts";
import { settings } from "./objects/support.ts";

type Told = { readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } };
type Selected = { kind: string; matches: (object: Told) => boolean; send: (type: string, object: Told) => void };

/** A cluster that is what the test tells of it: objects come and go, whatever has a label. */
export async function openToldCluster(changes: Partial<ObjectSettings> = {}) {
  const watches = new Set<Selected>();
  const objects = new Map<string, Told>();
  /** Events as they were written, by name: there is one of each. */
  const written = new Map<string, { name: string; about: string; reason: string; message: string }>();
  let version = 0;

  const client = {
    async list({ kind }: { kind: string }, { labelSelector }: { labelSelector?: string }) {
      const items = [...objects].flatMap(([key, object]) => (key.startsWith(`${kind}/`) ? object : []));
      return { state: "ok", object: { items: items.filter(selecting(labelSelector)), resourceVersion: "0" } };
    },
    async watch(
      { kind }: { kind: string },
      { labelSelector, signal }: { labelSelector?: string; signal: AbortSignal },
    ) {
      const stream = new TransformStream<Uint8Array, Uint8Array>();
      const writer = stream.writable.getWriter();
      const line = (type: string, object: Told) => new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`);
      const watch: Selected = {
        kind,
        matches: selecting(labelSelector),
        send: (type, object) => void writer.write(line(type, object)).catch(() => undefined),
      };
      watches.add(watch);
      signal.addEventListener("abort", () => {
        watches.delete(watch);
        void writer.abort(signal.reason).catch(() => undefined);
      });
      return { state: "ok", object: stream.readable };
    },
    async create(
      _: unknown,
      event: {
        metadata: { name: string };
        involvedObject: { kind: string; name: string };
        reason: string;
        message: string;
      },
    ) {
      const { metadata, involvedObject, reason, message } = event;
      if (written.has(metadata.name)) return failed(409, "AlreadyExists", "it is there");
      const about = `${involvedObject.kind} ${involvedObject.name}`;
      written.set(metadata.name, { name: metadata.name, about, reason, message });
      return { state: "ok", object: event };
    },
  } as unknown as KubeClient;

  const open = (events = eventsTo(openLog("silent"))) =>
    kubernetesRuntime({
      client,
      settings: { ...settings, ...changes },
      instance: "gateway-under-test",
      now: Date.now,
      events,
    });
  const runtime = await open();
  return {
    runtime,
    /** Another gateway on the same cluster. */
    open,
    written: () => [...written.values()],
    forgetEvents: () => written.clear(),
    put: (object: object) => tell(object as KubeObject, "put"),
    remove: (object: object) => tell(object as KubeObject, "remove"),
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };

  /** As the API server does: what no longer matches a watch has gone from it. */
  function tell(object: KubeObject, what: "put" | "remove"): void {
    const key = `${object.kind}/${object.metadata.name}`;
    const before = objects.get(key);
    const now = { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } };
    if (what === "put") objects.set(key, now);
    else objects.delete(key);
    for (const { kind, matches, send } of watches) {
      if (kind !== object.kind) continue;
      const was = before !== undefined && matches(before);
      const is = what === "put" && matches(now);
      if (is) send(was ? "MODIFIED" : "ADDED", now);
      else if (was) send("DELETED", now);
    }
  }
}

/** `a,!b`: it has the label a and not b. */
function selecting(labelSelector: string | undefined): (object: Told) => boolean {
  const parts = labelSelector?.split(",") ?? [];
  return ({ metadata: { labels = {} } }) =>
    parts.every((part) => (part.startsWith("!") ? labels[part.slice(1)] === undefined : labels[part] !== undefined));
}
