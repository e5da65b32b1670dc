import { kindsSharingNames, maxRestored, type Resource, type Restored } from "../store.ts";
import { documentOf, isWorkload, type OwnDocument, type RecordItems } from "./documents.ts";
import type { Stored } from "./items.ts";
import type { Names } from "./names.ts";

/**
 * Writes what another store had. Cosmos DB has no transaction for it: all names are reserved first, so a name that is
 * taken is found before anything is written, and what fails later is taken back. Whoever dies in the middle leaves some.
 */
export function restoring({
  items,
  names,
}: {
  items: RecordItems;
  names: Names;
}): (resources: readonly Resource[]) => Promise<Restored> {
  return async (resources) => {
    if (resources.length > maxRestored) throw new Error(`More than ${maxRestored} resources to restore at once.`);
    const reserved: Resource[] = [];
    const written: { resource: Resource; document: Stored<OwnDocument> }[] = [];
    try {
      const taken: Resource[] = [];
      for (const resource of resources) {
        const isFree = !reserved.some((other) => shareName(resource, other)) && (await isReserved(resource));
        (isFree ? reserved : taken).push(resource);
      }
      for (const resource of taken.length > 0 ? [] : resources) {
        const document = await create(resource);
        if (document) written.push({ resource, document });
        else taken.push(resource);
      }
      if (taken.length === 0) return { state: "written" };
      await undo(reserved, written);
      return { state: "exists", names: taken.map(({ kind, name }) => ({ kind, name })) };
    } catch (error) {
      await undo(reserved, written).catch(() => undefined);
      throw error;
    }
  };

  async function isReserved({ kind, name, uid }: Resource): Promise<boolean> {
    if (!isWorkload(kind)) return !(await items[kind].isThere(name));
    return (await names.reserve(kind, name, uid)).state === "reserved";
  }

  /** Undefined when somebody else was faster. */
  async function create(resource: Resource): Promise<Stored<OwnDocument> | undefined> {
    const { kind } = resource;
    const put = await items[kind].create(documentOf(resource));
    if (put.state !== "written") return undefined;
    const document = put.document as Stored<OwnDocument>;
    if (!isWorkload(kind) || (await names.hold(kind, document))) return document;
    await items[kind].remove(document.id, document._etag);
    return undefined;
  }

  async function undo(
    reserved: readonly Resource[],
    written: readonly { resource: Resource; document: Stored<OwnDocument> }[],
  ): Promise<void> {
    for (const { resource, document } of written) await items[resource.kind].remove(resource.name, document._etag);
    for (const { kind, name, uid } of reserved) if (isWorkload(kind)) await names.release(name, uid);
  }
}

function shareName(one: Resource, other: Resource): boolean {
  return one.name === other.name && kindsSharingNames(one.kind).includes(other.kind);
}
