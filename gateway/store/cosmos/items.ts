import type { Container, JSONValue, SqlParameter } from "@azure/cosmos";
import { inTime } from "../in-time.ts";
import { StoreUnavailable } from "../store.ts";
import { failure, statusOf, substatusOf } from "./failures.ts";

/** What Cosmos DB adds to every document. `_ts` is in seconds; `_rid` stays for a document's life and never comes again. */
export type SystemFields = { readonly _rid: string; readonly _etag: string; readonly _ts: number };
export type Stored<Document> = Document & SystemFields;

/** `taken`: there is one of this id. `changed`: it is no longer the one that was read. */
export type Put<Document> =
  { state: "written"; document: Stored<Document> } | { state: "taken" } | { state: "changed" } | { state: "absent" };

/** The documents of one container, each of which is alone in its partition: the partition key is its id. */
export type Items<Document extends { id: string }> = {
  read(id: string): Promise<Stored<Document> | undefined>;
  /** As `read`, but of all that was acknowledged before, by whichever gateway. */
  latest(id: string): Promise<Stored<Document> | undefined>;
  /** Whether there is one, likewise. */
  isThere(id: string): Promise<boolean>;
  create(document: Document): Promise<Put<Document>>;
  replace(document: Document, etag: string): Promise<Put<Document>>;
  upsert(document: Document): Promise<void>;
  remove(id: string, etag: string): Promise<"removed" | "changed" | "absent">;
  /** All rows, or the first `maxRows`, read page by page. */
  query<Row>(query: string, parameters?: Readonly<Record<string, JSONValue>>, maxRows?: number): Promise<Row[]>;
};

/** An operation with its retries may take so long. */
const operationMs = 15_000;
/** Rows that one answer of Cosmos DB holds at most. */
const pageSize = 1000;
/** No document has it: Cosmos DB makes ETags of its own. */
const noEtag = '"00000000-0000-0000-0000-000000000000"';

/**
 * Point reads and conditional writes, with the outcomes that are expected as data. Under session consistency a read may
 * lag behind the writes of others; a conditional write never does, and its refusal brings the session up to date.
 */
export function items<Document extends { id: string }>(container: Container): Items<Document> {
  const name = container.id;

  async function read(id: string): Promise<Stored<Document> | undefined> {
    const answer = await askedOfDocument(`read of ${name}`, container.item(id, id).read<Document>(atMost()), [404]);
    if (typeof answer === "number") return undefined;
    // The SDK returns this one instead of throwing it.
    if (answer.statusCode === 404) refuseOtherAbsence(`read of ${name}`, answer.substatus);
    return answer.resource as Stored<Document> | undefined;
  }

  async function remove(id: string, etag: string): Promise<"removed" | "changed" | "absent"> {
    const answer = await askedOfDocument(`removal in ${name}`, container.item(id, id).delete(onlyIf(etag)), [404, 412]);
    if (answer === 404) return "absent";
    return answer === 412 ? "changed" : "removed";
  }

  // A removal that cannot succeed: it changes nothing, and is decided where writes are.
  const isThere = async (id: string) => (await remove(id, noEtag)) === "changed";

  return {
    read,
    remove,
    isThere,
    latest: async (id) => ((await isThere(id)) ? read(id) : undefined),

    async create(document) {
      return put(await asked(`creation in ${name}`, container.items.create<Document>(document, atMost()), [409]));
    },

    async replace(document, etag) {
      const { id } = document;
      const replacing = container.item(id, id).replace<Document>(document, onlyIf(etag));
      return put(await askedOfDocument(`change in ${name}`, replacing, [404, 412]));
    },

    async upsert(document) {
      await asked(`write in ${name}`, container.items.upsert<Document>(document, atMost()), []);
    },

    query: (query, parameters = {}, maxRows) => queryAll(container, query, parameters, maxRows),
  };
}

/** Continues page by page; each of them has its own time limit. */
export async function queryAll<Row>(
  container: Container,
  query: string,
  parameters: Readonly<Record<string, JSONValue>>,
  maxRows = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const spec = { query, parameters: sqlParameters(parameters) };
  const iterator = container.items.query<Row>(spec, {
    maxItemCount: Math.min(maxRows, pageSize),
    ...atMost(),
  });
  const rows: Row[] = [];
  while (rows.length < maxRows && iterator.hasMoreResults()) {
    const page = await asked(`query of ${container.id}`, iterator.fetchNext(), []);
    if (typeof page !== "number") rows.push(...(page.resources ?? []));
  }
  return rows.slice(0, maxRows);
}

function sqlParameters(parameters: Readonly<Record<string, JSONValue>>): SqlParameter[] {
  return Object.entries(parameters).map(([name, value]) => ({ name: `@${name}`, value }));
}

/** The answer, or its status where that is one of the expected ones. */
export async function asked<Answer>(
  what: string,
  answering: Promise<Answer>,
  expected: readonly number[],
): Promise<Answer | number> {
  try {
    // The SDK sleeps between its retries, up to minutes, and looks at the signal only when it sends.
    return await inTime(operationMs, answering);
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && expected.includes(status)) return status;
    throw failure(what, error);
  }
}

function askedOfDocument<Answer>(what: string, answering: Promise<Answer>, expected: readonly number[]) {
  const answer = answering.catch((error: unknown) => {
    if (statusOf(error) === 404) refuseOtherAbsence(what, substatusOf(error));
    throw error;
  });
  return asked(what, answer, expected);
}

/**
 * A 404 with a substatus is no document's: its container is gone (1003), or this replica has not yet what the session has
 * seen (1002). Taken for an absent record it would end a workload.
 */
function refuseOtherAbsence(what: string, substatus: number | undefined): void {
  if (substatus) throw new StoreUnavailable(`Cosmos DB answered 404 (${substatus}) to: ${what}.`);
}

/** After that nothing is sent any more: what was told to have failed does not happen minutes later. */
export const atMost = () => ({ abortSignal: AbortSignal.timeout(operationMs) });

const onlyIf = (etag: string) => ({
  accessCondition: { type: "IfMatch", condition: etag },
  ...atMost(),
});

function put<Document>(answer: { resource?: unknown } | number): Put<Document> {
  if (answer === 409) return { state: "taken" };
  if (answer === 412) return { state: "changed" };
  if (typeof answer === "number") return { state: "absent" };
  return { state: "written", document: answer.resource as Stored<Document> };
}
