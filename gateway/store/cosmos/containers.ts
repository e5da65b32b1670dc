import type { ContainerDefinition, CosmosClient, Database } from "@azure/cosmos";
import { asked } from "./items.ts";

/** Those of the Microsoft gateway, and those of our own, which it does not look at. */
export const containerIds = {
  adapter: "AdapterContainer",
  tool: "ToolContainer",
  server: "ServerContainer",
  name: "NameContainer",
  gone: "GoneContainer",
  audit: "AuditContainer",
} as const;

const byId = { partitionKey: { paths: ["/id"] } };
/** Documents expire where they say so. */
const expiring = { defaultTtl: -1 };
const auditFields = ["position", "actor", "action", "kind", "name", "tool", "outcome"];

const definitions: readonly ContainerDefinition[] = [
  { id: containerIds.adapter, ...byId },
  { id: containerIds.tool, ...byId },
  { id: containerIds.server, ...byId },
  { id: containerIds.name, ...byId },
  { id: containerIds.gone, ...byId, ...expiring },
  {
    id: containerIds.audit,
    partitionKey: { paths: ["/batch"] },
    ...expiring,
    // Entries are written far more often than read: what nobody filters by is not indexed.
    indexingPolicy: {
      includedPaths: auditFields.map((field) => ({ path: `/${field}/?` })),
      excludedPaths: [{ path: "/*" }],
    },
  },
];

/** The database with all its containers. What is missing is made; several gateways may do so at once. */
export async function openDatabase(client: CosmosClient, id: string): Promise<Database> {
  const database = client.database(id);
  const reading = `reading of database ${id}`;
  if ((await asked(reading, database.read(), [404])) === 404) {
    await make(`The database ${id}`, () => client.databases.create({ id }));
  }
  for (const definition of definitions) await openContainer(database, definition);
  return database;
}

async function openContainer(database: Database, definition: ContainerDefinition): Promise<void> {
  const { id = "", partitionKey } = definition;
  const answer = await asked(`reading of ${id}`, database.container(id).read(), [404]);
  const path = partitionKey?.paths?.[0];
  if (answer === 404 || typeof answer === "number") {
    const what = `The container ${id} (partition key ${path}) of database ${database.id}`;
    await make(what, () => database.containers.create(definition));
    return;
  }
  const paths = answer.resource?.partitionKey?.paths?.join(", ");
  if (paths !== path) {
    throw new Error(
      `The container ${id} of database ${database.id} has the partition key ${paths} instead of ${path}.`,
    );
  }
}

async function make(what: string, create: () => Promise<unknown>): Promise<void> {
  // 409: another gateway was faster.
  const answer = await asked(`creation of what is missing`, create(), [401, 403, 409]);
  if (answer === 401 || answer === 403) {
    throw new Error(`${what} is missing, and this identity may not create it: let somebody do so who may.`);
  }
}
