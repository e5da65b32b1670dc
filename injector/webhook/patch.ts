/** RFC 6902 §4; of its six operations two are enough here. */
export type Operation =
  | { readonly op: "add"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * What makes the one document the other. Parts that both have in common, by identity, are not looked into, so this costs what has
 * changed; an undefined member is none. Pure.
 */
export function patchFrom(before: unknown, after: unknown, path = ""): Operation[] {
  if (before === after) return [];
  if (Array.isArray(before) && Array.isArray(after)) return listPatch(before, after, path);
  if (isObject(before) && isObject(after)) return objectPatch(before, after, path);
  // On a member that is there it replaces (§4.1); unlike `replace`, also where a null counts as none.
  return [{ op: "add", path, value: after }];
}

function objectPatch(before: Members, after: Members, path: string): Operation[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => {
    const at = `${path}/${escaped(name)}`;
    if (after[name] === undefined) return before[name] === undefined ? [] : [{ op: "remove", path: at } as const];
    return patchFrom(before[name], after[name], at);
  });
}

/** What is not in the other list is removed, what is new is added; a list in another order is replaced. */
function listPatch(before: readonly unknown[], after: readonly unknown[], path: string): Operation[] {
  const wanted = new Set(after);
  const kept = before.filter((item) => wanted.has(item));
  const added: Operation[] = [];
  let found = 0;
  for (const [index, value] of after.entries()) {
    const isKept = found < kept.length && kept[found] === value;
    if (isKept) found += 1;
    else added.push({ op: "add", path: `${path}/${found === kept.length ? "-" : index}`, value });
  }
  if (found < kept.length) return [{ op: "add", path, value: after }];
  // From the end, so that the others keep their places.
  const removed = [...before.entries()].filter(([, item]) => !wanted.has(item)).toReversed();
  return [...removed.map(([index]) => ({ op: "remove", path: `${path}/${index}` }) as const), ...added];
}

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 6901 §3 */
function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
