import { type Api, ApiError } from "../api.ts";
import type { KeyItem, Pod, Projection, Volume } from "../objects.ts";
import { fieldOf, type Place } from "./environment.ts";

/** Contents by path inside the volume. */
export type Files = ReadonlyMap<string, Uint8Array>;

const tokenSeconds = 3_600;

/** What a volume holds now. Throws while something that it needs is not there. */
export async function filesOf(volume: Volume, pod: Pod, place: Place, api: Api): Promise<Files> {
  const { secret } = volume;
  const sources: Projection[] = [
    ...(volume.configMap ? [{ configMap: volume.configMap }] : []),
    ...(secret ? [{ secret: { ...secret, name: secret.secretName } }] : []),
    ...(volume.downwardAPI ? [{ downwardAPI: volume.downwardAPI }] : []),
    ...(volume.projected?.sources ?? []),
  ];
  const files = await Promise.all(sources.map((source) => filesOfSource(source, pod, place, api)));
  return new Map(files.flatMap((each) => [...each]));
}

async function filesOfSource(source: Projection, pod: Pod, place: Place, api: Api): Promise<[string, Uint8Array][]> {
  const { namespace } = pod.metadata;
  if (source.configMap) {
    const path = `/api/v1/namespaces/${namespace}/configmaps/${source.configMap.name}`;
    const { data = {}, binaryData = {} } = await look(api, path, source.configMap.optional);
    const all = { ...mapped(data, utf8), ...mapped(binaryData, base64) };
    return chosen(all, source.configMap.items);
  }
  if (source.secret) {
    const { data = {} } = await look(
      api,
      `/api/v1/namespaces/${namespace}/secrets/${source.secret.name}`,
      source.secret.optional,
    );
    return chosen(mapped(data, base64), source.secret.items);
  }
  if (source.downwardAPI) {
    return source.downwardAPI.items.map(({ path, fieldRef }) => [path, utf8(fieldOf(fieldRef.fieldPath, pod, place))]);
  }
  if (source.serviceAccountToken) {
    const { path, audience, expirationSeconds = tokenSeconds } = source.serviceAccountToken;
    const account = pod.spec.serviceAccountName ?? "default";
    const request = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: audience === undefined ? [] : [audience], expirationSeconds },
    };
    const made = await api.post<{ status: { token: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      request,
    );
    return [[path, utf8(made.status.token)]];
  }
  return [];
}

type Held = { readonly data?: Record<string, string>; readonly binaryData?: Record<string, string> };

async function look(api: Api, path: string, optional = false): Promise<Held> {
  try {
    return await api.get<Held>(path);
  } catch (error) {
    if (optional && error instanceof ApiError && error.status === 404) return {};
    throw error;
  }
}

function chosen(all: Record<string, Uint8Array>, items: readonly KeyItem[] | undefined): [string, Uint8Array][] {
  if (!items) return Object.entries(all);
  return items.map(({ key, path }) => {
    const found = all[key];
    if (!found) throw new Error(`references non-existent key: ${key}`);
    return [path, found];
  });
}

function mapped(data: Record<string, string>, decode: (text: string) => Uint8Array): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, decode(text)]));
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text);
}

function base64(text: string): Uint8Array {
  return Buffer.from(text, "base64");
}
