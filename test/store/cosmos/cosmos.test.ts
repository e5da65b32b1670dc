import { cosmosEmulator } from "../../support/cosmos.ts";
import { storeSuite } from "../store.suite.ts";
import { documentsOf, openStore } from "./stand.ts";

/*
 * The emulator (@vercel/cosmosdb-server 1.0.1) is no Cosmos DB. Green here says nothing about:
 * - credentials, roles, firewalls: it checks none, and takes any key (start.test.ts plays their answers)
 * - session consistency and lag: it has one copy of everything, so no read is ever late
 * - request units and 429: it never throttles (outage.test.ts plays that)
 * - time to live: nothing expires
 * - limits of size: it takes documents of more than 2 MB, and batches of more than 2 MB
 * - batches: of one that fails in the middle the first half stays, where Cosmos DB takes it back
 * - partitions: a query reads all of them, whatever partition key it names; a wrong one in a write is accepted
 * - several physical partitions: the SDK's merging of sorted pages has one source only
 * - index policies: it sorts and filters by what is not indexed, too
 * - `_rid`: it counts per container; Cosmos DB never gives one twice
 * - a member called `__proto__`: its queries drop it (such a variable is kept as text in a list, so nothing is lost)
 * - substatus: it has none, so a missing container looks like a missing document (outage.test.ts plays both)
 * - change feed, If-None-Match: unreliable there and not used here
 */
storeSuite("Cosmos DB, by its emulator", async () => {
  const emulator = await cosmosEmulator();
  const { store } = await openStore(emulator.url());
  const documents = documentsOf(emulator);
  return {
    store,
    async auditOf(kind, name) {
      const query = "SELECT * FROM c WHERE c.kind = @kind AND c.name = @name ORDER BY c.position ASC";
      const parameters = [
        { name: "@kind", value: kind },
        { name: "@name", value: name },
      ];
      return (await documents.container("AuditContainer").items.query({ query, parameters }).fetchAll()).resources;
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      documents[Symbol.dispose]();
      await emulator[Symbol.asyncDispose]();
    },
  };
});
