import { expect, test } from "bun:test";
import { cosmosAddress } from "../../../gateway/store/cosmos/address.ts";
import { openCosmos } from "../../../gateway/store/cosmos/open-cosmos.ts";
import { StoreUnavailable } from "../../../gateway/store/store.ts";
import { type CosmosRequest, cosmosEmulator, cosmosLink, cosmosRefusal, emulatorKey } from "../../support/cosmos.ts";
import { adapterBody, author, written } from "../records.ts";
import { documentsOf, openStore } from "./stand.ts";

async function failureOf(url: string): Promise<Error> {
  const opening = openStore(url);
  return opening.then(
    () => new Error("it opened"),
    (error: Error) => error,
  );
}

test("an address has an account, and may have a database and a key", () => {
  expect(cosmosAddress("cosmos+https://acme.documents.azure.com")).toEqual({
    endpoint: "https://acme.documents.azure.com/",
    database: "McpGatewayDb",
  });
  expect(cosmosAddress("cosmos+https://acme.documents.azure.com:443/Other-1")).toEqual({
    endpoint: "https://acme.documents.azure.com/",
    database: "Other-1",
  });
  expect(cosmosAddress("cosmos+http://localhost:8081/?key=ab+c/d==")).toEqual({
    endpoint: "http://localhost:8081/",
    database: "McpGatewayDb",
    key: "ab+c/d==",
  });
});

test.each([
  ["postgres://h/d", "STORE_URL must have the form cosmos+https://account.documents.azure.com[/Database]."],
  ["cosmos+ftp://h/d", "STORE_URL must have the form cosmos+https://account.documents.azure.com[/Database]."],
  ["cosmos+https://", "STORE_URL must have the form cosmos+https://account.documents.azure.com[/Database]."],
  [
    "cosmos+https://user:secret@h/d",
    "STORE_URL has a user, a password or a fragment, which cosmos+https://account.documents.azure.com[/Database] does not have.",
  ],
  ["cosmos+https://h/a/b", "STORE_URL names a database of other than letters, digits, dots, dashes and underscores."],
  ["cosmos+https://h/a%2Fb", "STORE_URL names a database of other than letters, digits, dots, dashes and underscores."],
  ["cosmos+https://h/a?kee=secret", "STORE_URL has parameters that are not known: kee."],
  ["cosmos+http://h/a", "STORE_URL names Cosmos DB over plain http, which is for emulators only: it needs ?key=…."],
])("%s is refused in one sentence", async (url, sentence) => {
  const failure = await failureOf(url);
  expect(failure.message).toBe(sentence);
  expect(failure).not.toBeInstanceOf(StoreUnavailable);
});

test("a token is never sent over plain http, whoever gives it", async () => {
  let asked = 0;
  const getToken = async () => {
    asked++;
    return { token: "t", expiresOnTimestamp: Date.now() + 3_600_000 };
  };
  const opening = openCosmos({ ...quiet, url: "cosmos+http://127.0.0.1:1/a", credential: { getToken } });
  await expect(opening).rejects.toThrow("which is for emulators only");
  expect(asked).toBe(0);
});

const quiet = {
  now: Date.now,
  events: { changeFeedFailed: () => undefined, sweepFailed: () => undefined, recordHidden: () => undefined },
};

test("a key may be given beside the address", async () => {
  await using emulator = await cosmosEmulator();
  const url = `cosmos+http://127.0.0.1:${emulator.port}/`;
  await using store = await openCosmos({ ...quiet, url, credential: { key: emulatorKey } });
  expect(await store.list("adapter")).toEqual([]);
});

test("a host that does not exist is said not to exist; one that does not answer may come back", async () => {
  const unknown = await failureOf("cosmos+https://nobody.invalid/");
  expect(unknown.message).toBe("There is no host nobody.invalid, which STORE_URL names.");
  expect(unknown).not.toBeInstanceOf(StoreUnavailable);
  const silent = await failureOf("cosmos+http://127.0.0.1:1/?key=a");
  expect(silent.message).toMatch(/^Cosmos DB at 127\.0\.0\.1:1 cannot be reached \(\w+\)\.$/);
  expect(silent).toBeInstanceOf(StoreUnavailable);
});

type Refused = (request: CosmosRequest) => number | undefined;
const data = ({ path }: CosmosRequest) => path.startsWith("/dbs");

test.each<[string, Refused, string]>([
  [
    "a wrong key",
    (request) => (data(request) ? 401 : undefined),
    "Cosmos DB answered 401 to: reading of database McpGatewayDb. Its key is wrong, or keys are switched off.",
  ],
  [
    "an identity without the role",
    (request) => (data(request) ? 403 : undefined),
    'Cosmos DB answered 403 to: reading of database McpGatewayDb. Does this identity have the role "Cosmos DB Built-in Data Contributor", and the network access?',
  ],
  [
    "a missing database that may not be made",
    ({ path, isWrite }) => (isWrite && path === "/dbs" ? 403 : undefined),
    "The database McpGatewayDb is missing, and this identity may not create it: let somebody do so who may.",
  ],
  [
    "a missing container that may not be made",
    ({ path, isWrite }) => (isWrite && path.endsWith("/colls") ? 403 : undefined),
    "The container AdapterContainer (partition key /id) of database McpGatewayDb is missing, and this identity may not create it: let somebody do so who may.",
  ],
])("%s is told in one sentence, which holds no secret", async (_, refused, sentence) => {
  await using emulator = await cosmosEmulator();
  await using link = cosmosLink(emulator);
  link.interfere((request) => {
    const status = refused(request);
    return status === undefined ? undefined : cosmosRefusal(status);
  });
  const failure = await failureOf(link.url);
  expect(failure.message).toBe(sentence);
  expect(Bun.inspect(failure, { depth: 9 })).not.toContain(emulatorKey);
  expect(failure.cause).toBeUndefined();
});

test.each([
  ["Eventual", false, "The Cosmos DB account has the consistency Eventual; the gateway needs Session or stronger."],
  [
    "Session",
    true,
    "The Cosmos DB account writes in several regions, where one region may undo what another acknowledged.",
  ],
])("an account with consistency %s, several writing regions: %p, is refused", async (level, several, sentence) => {
  await using emulator = await cosmosEmulator();
  await using link = cosmosLink(emulator);
  link.interfere(({ path }, pass) =>
    path === "/"
      ? pass().then(async (answer) => {
          const account = (await answer.json()) as object;
          const userConsistencyPolicy = { defaultConsistencyLevel: level };
          return Response.json({ ...account, userConsistencyPolicy, enableMultipleWriteLocations: several });
        })
      : undefined,
  );
  expect((await failureOf(link.url)).message).toBe(sentence);
});

test("a container with another partition key is not used", async () => {
  await using emulator = await cosmosEmulator();
  using documents = documentsOf(emulator);
  const { database } = await documents.container("any").database.client.databases.create({ id: "McpGatewayDb" });
  await database.containers.create({ id: "AdapterContainer", partitionKey: { paths: ["/tenant"] } });
  expect((await failureOf(emulator.url())).message).toBe(
    "The container AdapterContainer of database McpGatewayDb has the partition key /tenant instead of /id.",
  );
});

test("five gateways that start at once on an account without a database all come up, on the same one", async () => {
  await using emulator = await cosmosEmulator();
  const opened = await Promise.all(Array.from({ length: 5 }, () => openStore(emulator.url("Fresh"))));
  const [first, ...others] = opened;
  const created = written((await first?.store.create("adapter", "weather", adapterBody("weather"), author)) as never);
  for (const { store } of others) expect(await store.get("adapter", "weather")).toEqual(created as never);
  for (const { store } of opened) await store[Symbol.asyncDispose]();
});
