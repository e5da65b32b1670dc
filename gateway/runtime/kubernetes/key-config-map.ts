import { jwksConfigMap, jwksFile } from "../../../injector/pod/names.ts";
import { jwksOf, keysIn } from "../../assertion/jwks.ts";
import type { PublishedKey } from "../../assertion/keys.ts";
import type { Events } from "../../observe/events.ts";
import type { KeyBoard } from "../runtime.ts";
import { failureInWords } from "./api/answer.ts";
import type { KubeClient } from "./api/client.ts";
import type { ReflectorLimits } from "./api/limits.ts";
import { reflect } from "./api/reflector.ts";
import { configMaps } from "./api/resources.ts";

/** How long the first look may take; without it the gateway begins all the same, and signs with its current key. */
const openLimitMs = 5_000;

/**
 * The keys that guards know, in the ConfigMap that is mounted into every guarded pod. It is followed by a watch of this one
 * object, so that each gateway knows since when a key is published.
 */
export async function keyConfigMap({
  client,
  namespace,
  events,
  limits,
}: {
  client: Pick<KubeClient, "list" | "watch" | "apply">;
  namespace: string;
  events: Pick<Events, "watchInterrupted">;
  limits?: ReflectorLimits | undefined;
}): Promise<KeyBoard & AsyncDisposable> {
  const closing = new AbortController();
  const synced = Promise.withResolvers<void>();
  let keys: readonly PublishedKey[] = [];
  const reflection = reflect(client, configMaps, {
    namespace,
    fieldSelector: `metadata.name=${jwksConfigMap}`,
    onChange(type, { data }) {
      keys = type === "removed" ? [] : (keysIn(data?.[jwksFile] ?? "") ?? []);
    },
    onSynced: synced.resolve,
    signal: closing.signal,
    events,
    ...(limits && { limits }),
  });
  const timer = setTimeout(synced.resolve, openLimitMs);
  await synced.promise;
  clearTimeout(timer);

  return {
    published: () => keys,
    async publish(wanted) {
      const object = {
        apiVersion: configMaps.apiVersion,
        kind: configMaps.kind,
        metadata: { name: jwksConfigMap, namespace },
        data: { [jwksFile]: jwksOf(wanted) },
      };
      const answer = await client.apply(configMaps, object, { namespace, fieldManager: "mcp-gateway", force: true });
      if (answer.state !== "ok") throw new Error(`${jwksConfigMap}: ${failureInWords(answer)}`);
      // The watch tells it too, a little later.
      keys = wanted;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await reflection.done;
    },
  };
}
