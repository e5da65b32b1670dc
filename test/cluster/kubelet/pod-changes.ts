import { pause } from "../../../gateway/runtime/pause.ts";
import type { Api } from "../api.ts";
import type { Pod } from "../objects.ts";

export type PodChange = { all: readonly Pod[] } | { seen: Pod } | { gone: Pod };

const watchSeconds = 240;

/** The pods of a node: all of them first and after each interruption, then each change. Ends with the signal only. */
export async function* podChanges(
  api: Api,
  nodeName: string,
  retryMs: number,
  signal: AbortSignal,
): AsyncGenerator<PodChange> {
  const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`;
  while (!signal.aborted) {
    try {
      const list = await api.get<{ metadata: { resourceVersion: string }; items: Pod[] }>(pods);
      yield { all: list.items };
      yield* watched(`${pods}&watch=true&timeoutSeconds=${watchSeconds}`, list.metadata.resourceVersion);
    } catch {
      // The API server is away; the next list tells what was missed.
    }
    await pause(retryMs, signal);
  }

  async function* watched(path: string, resourceVersion: string): AsyncGenerator<PodChange> {
    for await (const event of api.watch<Pod>(`${path}&resourceVersion=${resourceVersion}`, signal)) {
      if (event.type === "ERROR") return;
      if (event.type === "DELETED") yield { gone: event.object };
      else if (event.type !== "BOOKMARK") yield { seen: event.object };
    }
  }
}
