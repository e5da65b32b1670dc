/** One operation of RFC 6902, as anybody may send it. */
export type AnyOperation = { readonly op: string; readonly path: string; readonly value?: unknown };

/** The document stays as it was. */
export function applied(document: unknown, operations: readonly AnyOperation[]): unknown {
  return appliedTo(structuredClone(document), operations);
}

/** As an API server applies it: throws where a target is not there. Changes the document. */
export function appliedTo(document: unknown, operations: readonly AnyOperation[]): unknown {
  return operations.reduce(step, document);
}

function step(document: unknown, { op, path, value }: AnyOperation): unknown {
  const names = path
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = names.pop();
  if (last === undefined) return structuredClone(value);
  const parent = names.reduce<unknown>((at, name) => memberOf(at, name), document);
  if (Array.isArray(parent)) changeList(parent, op, last, structuredClone(value));
  else changeObject(parent, op, last, structuredClone(value));
  return document;
}

function memberOf(at: unknown, name: string): unknown {
  if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) throw new Error(`there is no ${name}`);
  return (at as Record<string, unknown>)[name];
}

function changeList(list: unknown[], op: string, name: string, value: unknown): void {
  const index = name === "-" ? list.length : Number(name);
  if (!/^(-|0|[1-9]\d*)$/.test(name) || index > list.length) throw new Error(`${name} is no index`);
  if (op === "add") list.splice(index, 0, value);
  else if (op === "remove" && index < list.length) list.splice(index, 1);
  else throw new Error(`cannot ${op} ${name}`);
}

function changeObject(parent: unknown, op: string, name: string, value: unknown): void {
  if (typeof parent !== "object" || parent === null) throw new Error(`${name} has no parent`);
  const members = parent as Record<string, unknown>;
  const isThere = Object.hasOwn(members, name);
  if (op === "add" || (op === "replace" && isThere)) members[name] = value;
  else if (op === "remove" && isThere) delete members[name];
  else throw new Error(`cannot ${op} ${name}`);
}
