import type { KubeObject } from "./object-meta.ts";

export type ChangeType = "added" | "modified" | "removed";

/** `object` of a removal is what was last known of it; `previous` is undefined for what is new. */
export type OnChange<O> = (type: ChangeType, object: O, previous: O | undefined) => void;

/** Objects by name, as last heard. It tells each change once; the same version again is none. */
export function mirror<O extends KubeObject>(onChange: OnChange<O>) {
  const objects = new Map<string, O>();
  return {
    get: (name: string): O | undefined => objects.get(name),
    list: (): O[] => [...objects.values()],
    put,
    remove,
    /** All there is: what is not among it is gone. */
    replace(all: readonly O[]): void {
      const names = new Set(all.map(({ metadata }) => metadata.name));
      for (const object of [...objects.values()]) if (!names.has(object.metadata.name)) remove(object);
      for (const object of all) put(object);
    },
  };

  function put(object: O): void {
    const { name, uid, resourceVersion } = object.metadata;
    const previous = objects.get(name);
    if (previous?.metadata.uid === uid && previous.metadata.resourceVersion === resourceVersion) return;
    // Removed and made again while nobody looked: another object under the same name.
    if (previous && previous.metadata.uid !== uid) remove(previous);
    const known = objects.get(name);
    objects.set(name, object);
    onChange(known ? "modified" : "added", object, known);
  }

  function remove(object: O): void {
    const previous = objects.get(object.metadata.name);
    if (!previous) return;
    objects.delete(object.metadata.name);
    onChange("removed", object, previous);
  }
}
