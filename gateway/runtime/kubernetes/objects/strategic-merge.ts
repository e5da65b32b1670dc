import { type MapRules, podTemplateRules } from "./merge-keys.ts";
import type { Json } from "./shapes.ts";

export type Merged =
  { readonly state: "merged"; readonly value: Json } | { readonly state: "refused"; readonly reason: string };

const maxDepth = 32;
const patchDirective = "$patch";
const retainDirective = "$retainKeys";

/** What is wrong with a patch, in words. */
class PatchError extends Error {}

/**
 * A pod template with a partial one merged over it, as `kubectl patch --type=strategic` does it: maps are merged, null removes,
 * lists are merged by their key where Kubernetes names one and replaced elsewhere; `$patch: delete`, `$patch: replace` and
 * `$retainKeys` are honoured. Where kubectl would hand a null or a directive on to the API server, nothing of it is left here.
 *
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 */
export function mergedTemplate(template: Json, patch: Json): Merged {
  try {
    if (isDeeperThan(patch, maxDepth)) throw new PatchError(`it is nested deeper than ${maxDepth} levels`);
    const stranger = Object.keys(patch).find((key) => key !== "metadata" && key !== "spec");
    if (stranger !== undefined) throw new PatchError(`it has "metadata" and "spec", but no "${stranger}"`);
    return { state: "merged", value: mergedMap(template, patch, podTemplateRules) };
  } catch (error) {
    if (error instanceof PatchError)
      return { state: "refused", reason: `The pod template cannot be used: ${error.message}.` };
    throw error;
  }
}

function mergedMap(live: Json, patch: Json, rules: MapRules): Json {
  const directive = patch[patchDirective];
  if (directive === "delete") return {};
  if (directive === "replace") return cleanMap(patch);
  if (directive !== undefined) throw new PatchError('"$patch" is "delete" or "replace"');

  const kept = retained(live, patch);
  const entries = new Map(Object.entries(kept));
  for (const [key, value] of fieldsOf(patch)) {
    if (value === null) entries.delete(key);
    else entries.set(key, Object.hasOwn(kept, key) ? merged(kept[key], value, key, rules) : clean(value));
  }
  return Object.fromEntries(entries);
}

function merged(live: unknown, patch: unknown, key: string, rules: MapRules): unknown {
  if (isMap(live) && isMap(patch)) return mergedMap(live, patch, rules.maps?.[key] ?? {});
  const list = rules.lists?.[key];
  if (list === undefined || !Array.isArray(live) || !Array.isArray(patch)) return clean(patch);
  return mergedList(live, patch.map(asMap(key)), list.key, list.items ?? {});
}

function mergedList(liveItems: readonly unknown[], patchItems: readonly Json[], key: string, rules: MapRules): Json[] {
  let live = liveItems.filter(isMap);
  const patches: Json[] = [];
  let replaces = false;
  for (const item of patchItems) {
    const directive = item[patchDirective];
    if (directive === "replace") {
      replaces = true;
      continue;
    }
    const name = item[key];
    if (name === undefined || name === null) throw new PatchError(`an item of a list lacks its "${key}"`);
    if (directive === "delete") live = live.filter((other) => other[key] !== name);
    else if (directive === undefined) patches.push(item);
    else throw new PatchError('"$patch" is "delete" or "replace"');
  }
  if (replaces) live = [];

  const changed = patches.map((item) => {
    const old = live.find((other) => other[key] === item[key]);
    return old === undefined ? cleanMap(item) : mergedMap(old, item, rules);
  });
  const names = new Set(patches.map((item) => item[key]));
  return inOrder(changed, live, (item) => names.has(item[key]), key);
}

/** The patch's items in the patch's order; the untouched ones between them keep their place relative to those they knew. */
function inOrder(changed: Json[], live: readonly Json[], isChanged: (item: Json) => boolean, key: string): Json[] {
  const placeOf = (item: Json) => live.findIndex((other) => other[key] === item[key]);
  const untouched = live.filter((item) => !isChanged(item));
  const ordered: Json[] = [];
  for (const item of changed) {
    const place = placeOf(item);
    while (place >= 0 && untouched[0] !== undefined && live.indexOf(untouched[0]) < place) {
      ordered.push(...untouched.splice(0, 1));
    }
    ordered.push(item);
  }
  return [...ordered, ...untouched];
}

/** `$retainKeys` drops all other keys: for a volume that becomes one of another type. */
function retained(live: Json, patch: Json): Json {
  const keys = patch[retainDirective];
  if (keys === undefined) return live;
  if (!Array.isArray(keys)) throw new PatchError('"$retainKeys" is a list of names');
  const lost = fieldsOf(patch).find(([key, value]) => value !== null && !keys.includes(key));
  if (lost !== undefined) throw new PatchError(`"$retainKeys" leaves out "${lost[0]}", which is set beside it`);
  return Object.fromEntries(Object.entries(live).filter(([key]) => keys.includes(key)));
}

function fieldsOf(patch: Json): [string, unknown][] {
  return Object.entries(patch).filter(([key]) => {
    if (!key.startsWith("$")) return true;
    if (key === patchDirective || key === retainDirective) return false;
    throw new PatchError(`the directive "${key}" is not known here`);
  });
}

/** What is new in the template: without nulls and directives, which mean nothing where there is nothing. */
function clean(value: unknown): unknown {
  if (Array.isArray(value))
    return value.filter((item) => !(isMap(item) && Object.hasOwn(item, patchDirective))).map(clean);
  return isMap(value) ? cleanMap(value) : value;
}

function cleanMap(map: Json): Json {
  const fields = fieldsOf(map).filter(([, value]) => value !== null);
  return Object.fromEntries(fields.map(([key, value]) => [key, clean(value)]));
}

function asMap(list: string): (item: unknown) => Json {
  return (item) => {
    if (isMap(item)) return item;
    throw new PatchError(`the items of "${list}" are objects`);
  };
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
