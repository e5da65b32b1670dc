import { ApiError, type Api } from "../api.ts";
import type { Container, EnvironmentSource, EnvironmentVariable, Pod } from "../objects.ts";

/** Where a pod runs. */
export type Place = { readonly podIP: string; readonly nodeIP: string; readonly nodeName: string };

/** A container's variables cannot be made now; perhaps later, when the Secret is there. */
export class EnvironmentError extends Error {}

/**
 * A container's variables, as the kubelet makes them. HOST comes last and is always the pod's address: pods share this machine's
 * ports, so a program that listened on every address would take the port from all the others. For the same reason a URL on
 * loopback means the pod's address, where its other containers listen.
 */
export async function environmentOf(
  container: Container,
  pod: Pod,
  place: Place,
  api: Api,
): Promise<Record<string, string>> {
  const { PATH = "" } = process.env;
  const made: Record<string, string> = { PATH, HOME: "/", HOSTNAME: pod.metadata.name };
  for (const source of container.envFrom ?? []) Object.assign(made, await allOf(source, pod, api));
  for (const variable of container.env ?? []) {
    const value = await resolved(variable, made, pod, place, api);
    if (value !== undefined) made[variable.name] = value.replaceAll("//127.0.0.1:", `//${place.podIP}:`);
  }
  return { ...made, HOST: place.podIP };
}

/** Replaces `$(NAME)` where NAME is known; `$$(NAME)` is the text `$(NAME)`. */
export function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([A-Za-z_.-][\w.-]*)\)/g, (found, name?: string) =>
    name === undefined ? "$" : (environment[name] ?? found),
  );
}

async function resolved(
  { name, value, valueFrom }: EnvironmentVariable,
  before: Readonly<Record<string, string>>,
  pod: Pod,
  place: Place,
  api: Api,
): Promise<string | undefined> {
  const reference = valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef;
  if (reference !== undefined) {
    const kind = valueFrom?.secretKeyRef ? "secret" : "configmap";
    const data = await dataOf(kind, reference, pod, api);
    const found = data?.[reference.key];
    if (found === undefined && reference.optional !== true)
      throw new EnvironmentError(
        `couldn't find key ${reference.key} in ${kind} ${pod.metadata.namespace}/${reference.name}`,
      );
    return found;
  }
  if (valueFrom?.fieldRef) return fieldOf(valueFrom.fieldRef.fieldPath, pod, place);
  if (valueFrom) throw new EnvironmentError(`the source of ${name} is none this kubelet knows`);
  return expand(value ?? "", before);
}

async function allOf(source: EnvironmentSource, pod: Pod, api: Api): Promise<Record<string, string>> {
  const kind = source.secretRef ? "secret" : "configmap";
  const reference = source.secretRef ?? source.configMapRef;
  const data = reference && (await dataOf(kind, reference, pod, api));
  return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [`${source.prefix ?? ""}${key}`, value]));
}

async function dataOf(
  kind: "secret" | "configmap",
  reference: { readonly name: string; readonly optional?: boolean },
  pod: Pod,
  api: Api,
): Promise<Record<string, string> | undefined> {
  try {
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/${kind}s/${reference.name}`;
    const { data = {} } = await api.get<{ data?: Record<string, string> }>(path);
    if (kind === "configmap") return data;
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    if (reference.optional === true) return undefined;
    throw new EnvironmentError(`${kind} "${reference.name}" not found`);
  }
}

/** What the downward API knows by this path. */
export function fieldOf(path: string, { metadata, spec }: Pod, place: Place): string {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return metadata[map]?.[key] ?? "";
  const fields: Record<string, string | undefined> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": place.nodeName,
    "spec.serviceAccountName": spec.serviceAccountName,
    "status.podIP": place.podIP,
    "status.podIPs": place.podIP,
    "status.hostIP": place.nodeIP,
    "status.hostIPs": place.nodeIP,
  };
  const found = fields[path];
  if (found === undefined) throw new EnvironmentError(`field ${path} is none this kubelet knows`);
  return found;
}
