import type { KubeObject } from "./object-meta.ts";
import type { ConfigMap, EndpointSlice, Event, Lease, Service, StatefulSet } from "./objects.ts";
import type { Pod } from "./pod.ts";

/** A kind of object and where the API server keeps it. */
export interface Resource<O extends KubeObject> {
  readonly apiVersion: O["apiVersion"];
  readonly kind: O["kind"];
  readonly plural: string;
}

export const statefulSets: Resource<StatefulSet> = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  plural: "statefulsets",
};
export const services: Resource<Service> = { apiVersion: "v1", kind: "Service", plural: "services" };
export const pods: Resource<Pod> = { apiVersion: "v1", kind: "Pod", plural: "pods" };
export const endpointSlices: Resource<EndpointSlice> = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
};
export const configMaps: Resource<ConfigMap> = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" };
export const events: Resource<Event> = { apiVersion: "v1", kind: "Event", plural: "events" };
export const leases: Resource<Lease> = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" };

export type Place = {
  readonly namespace: string;
  readonly name?: string;
  readonly subresource?: "status" | "scale" | "log";
};

/**
 * The path of a collection, of an object or of a part of it; undefined where a name is none. An empty name would make a
 * DELETE of one object a DELETE of all, and `..` would lead out of the namespace.
 */
export function pathOf<O extends KubeObject>(resource: Resource<O>, place: Place): string | undefined {
  const { namespace, name, subresource } = place;
  if (!isName(namespace) || ("name" in place && !isName(name))) return undefined;
  const root = resource.apiVersion.includes("/") ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  const collection = `${root}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`;
  if (name === undefined) return collection;
  const object = `${collection}/${encodeURIComponent(name)}`;
  return subresource === undefined ? object : `${object}/${subresource}`;
}

/** What can be a segment of a path, as the API server has it. */
function isName(name: string | undefined): boolean {
  return name?.isWellFormed() === true && /^(?!\.{1,2}$)[^/%]+$/.test(name);
}
