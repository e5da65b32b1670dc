import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import postgres from "postgres";
import { openPostgres, type PostgresOptions } from "../../gateway/store/postgres.ts";
import { parsePostgresUrl } from "../../gateway/store/postgres/settings.ts";
import { migrationsFolder } from "../../gateway/store/schema.ts";
import { selfSigned } from "../data-plane/upstream/certificate.ts";
import { hasPostgres, type PostgresServer, sharedPostgres, startPostgres } from "../support/postgres.ts";
import { emptyUrl, openEmpty, telling } from "./postgres-stand.ts";
import { adapterBody, author, written } from "./records.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** What whoever starts the gateway reads. */
async function refusal(url: string, options: Partial<PostgresOptions> = {}): Promise<string> {
  const opened = openPostgres({ url, events: telling([]), ...options });
  const error = await opened.then(
    async (store) => {
      await store[Symbol.asyncDispose]();
      return "it opened";
    },
    (thrown: Error) => thrown.message,
  );
  return error;
}

describe.if(hasPostgres)("the start on PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await sharedPostgres();
  });

  /** A statement by the admin, in this database. */
  async function run(url: string, statement: string): Promise<Record<string, unknown>[]> {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    const rows = await sql.unsafe(statement);
    await sql.end();
    return [...rows];
  }
  const tablesOf = async (url: string) =>
    (await run(url, "select schemaname, tablename from pg_tables where schemaname in ('public', 'drizzle')")).length;
  async function user(rights: string, database: string): Promise<string> {
    const name = `user_${database}`;
    await run(server.url(database), `create user ${name} password 'of-the-user'; ${rights.replaceAll("USER", name)}`);
    return server.url(database, name, "of-the-user");
  }

  test("of five gateways that start at once on an empty database, all open, and each migration is applied once", async () => {
    const url = await emptyUrl();
    const stores = await Promise.all(Array.from({ length: 5 }, () => openPostgres({ url, events: telling([]) })));
    const [first, last] = [stores[0], stores[4]];
    const created = written(
      (await first?.create("adapter", "weather", adapterBody("weather"), author)) ?? { state: "" },
    );
    expect(await last?.list("adapter")).toEqual([created]);
    const journal = await Bun.file(`${migrationsFolder}/meta/_journal.json`).json();
    expect(await run(url, "select created_at::text as at from drizzle.__drizzle_migrations order by id")).toEqual(
      (journal as { entries: { when: number }[] }).entries.map(({ when }) => ({ at: String(when) })),
    );
    for (const store of stores) await store[Symbol.asyncDispose]();
  });

  test("who watches the server finds the gateway's connections by its name, and none after it closed", async () => {
    const url = await emptyUrl();
    const counted = `select count(*)::int as count from pg_stat_activity
      where datname = '${url.split("/").at(-1)}' and application_name = 'mcp-gateway'`;
    const store = await openPostgres({ url, events: telling([]) });
    const stop = await store.subscribe(() => undefined);
    await store.list("adapter");
    expect(await run(server.url("postgres"), counted)).toEqual([{ count: 2 }]);
    await stop();
    await store[Symbol.asyncDispose]();
    expect(await run(server.url("postgres"), counted)).toEqual([{ count: 0 }]);
    await expect(store.list("adapter")).rejects.toThrow("The store is closed.");
  });

  test("a database of an earlier release is brought up to date with what it has", async () => {
    const url = await emptyUrl();
    const first = await Bun.file(`${migrationsFolder}/0000_resources_and_audit.sql`).text();
    const journal = (await Bun.file(`${migrationsFolder}/meta/_journal.json`).json()) as {
      entries: { when: number }[];
    };
    await run(url, first.replaceAll("--> statement-breakpoint", ""));
    await run(
      url,
      `create schema drizzle;
       create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
       insert into drizzle.__drizzle_migrations (hash, created_at) values ('first', ${journal.entries[0]?.when});
       insert into resources values ('adapter', 'earlier', gen_random_uuid(), 7, false, '{"imageName": "kept"}')`,
    );
    await using store = await openPostgres({ url, events: telling([]) });
    expect(await store.get("adapter", "earlier")).toMatchObject({
      revision: 7,
      body: { imageName: "kept", exposeTools: false, pod: null },
    });
  });

  test("a database of a newer release is left as it is", async () => {
    const url = await emptyUrl();
    await (await openPostgres({ url, events: telling([]) }))[Symbol.asyncDispose]();
    await run(url, "insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9999999999999)");
    expect(await refusal(url)).toBe(
      "The database of STORE_URL has been used by a newer release of the gateway, which this one does not know: start that release, or restore a copy from before it.",
    );
  });

  test.each([
    [
      "postgres//u@host/db",
      "must look like postgres://user:password@host:5432/database, with special characters percent-encoded",
    ],
    [
      "postgres://u:p#w@host/db",
      "must look like postgres://user:password@host:5432/database, with special characters percent-encoded",
    ],
    ["postgres://host/db", "must name a user, as in postgres://user@host/database"],
    ["postgres://u@host", "must name a database, as in postgres://user@host/database"],
    ["postgres://u@a,b/db", "must name one host, as in postgres://user@host/database"],
    ["postgres://u:%zz@host/db", "has a wrong percent-encoding"],
    [
      "postgres://u@host/db?sslmode=maybe",
      "has a wrong sslmode; it is one of disable, prefer, require, verify-ca, verify-full (with auth=entra from require on)",
    ],
    [
      "postgres://u@host/db?auth=entra&sslmode=prefer",
      "has a wrong sslmode; it is one of disable, prefer, require, verify-ca, verify-full (with auth=entra from require on)",
    ],
    ["postgres://u:pw@host/db?auth=entra", "may have one of a password, password_file and auth=entra (no other auth)"],
    ["postgres://u@host/db?auth=kerberos", "may have one of a password, password_file and auth=entra (no other auth)"],
    ["postgres://u@host/db?pool_size=0", "has a wrong pool_size; it is 1 to 100 connections"],
    ["postgres://u@host/db?statement_timeout=1", "has a wrong statement_timeout; it is 100 to 600000 milliseconds"],
    ["postgres://u@host/db?connect_timeout=1h", "has a wrong connect_timeout; it is 1 to 60 seconds"],
    [
      "postgres://u@host/db?password=secret",
      "has a parameter that is not known; known are sslmode, sslrootcert, auth, password_file, application_name, pool_size, statement_timeout, connect_timeout",
    ],
  ])("of the URL %s it is said what is wrong", async (url, what) => {
    expect(await refusal(url)).toBe(`STORE_URL ${what}.`);
  });

  test("of a URL everything is taken as libpq takes it; a token goes to nobody who has not shown who they are", () => {
    expect(parsePostgresUrl("postgresql://ada:p%40ss@[::1]:6000/my%20db?sslmode=require&connect_timeout=3")).toEqual({
      state: "parsed",
      settings: {
        host: "::1",
        port: 6000,
        user: "ada",
        database: "my db",
        password: { kind: "given", password: "p@ss" },
        tls: { mode: "require" },
        applicationName: "mcp-gateway",
        poolSize: 10,
        statementTimeoutMs: 10_000,
        connectTimeoutMs: 3000,
      },
    });
    expect(parsePostgresUrl("postgres://ada@db/gateway?auth=entra")).toMatchObject({
      settings: { port: 5432, password: { kind: "entra" }, tls: { mode: "verify-full", ca: undefined } },
    });
  });

  test("what does not give a password in time does not hold up the start", async () => {
    const credential = async () => ({ getToken: () => new Promise<null>(() => undefined) });
    expect(await refusal(`postgres://u@127.0.0.1:${server.port}/db?auth=entra&connect_timeout=1`, { credential })).toBe(
      `PostgreSQL at 127.0.0.1:${server.port} does not answer: check host and port of STORE_URL, and firewalls on the way.`,
    );
  });

  test("a host that is not found", async () => {
    expect(await refusal("postgres://u@nowhere.invalid/db")).toBe(
      'The host "nowhere.invalid" of STORE_URL is not found: check its name, and this machine\'s name server.',
    );
  });

  test("a port where nothing listens, and one that is silent", async () => {
    const accepted: Socket[] = [];
    const silent = createServer((socket) => accepted.push(socket)).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    expect(await refusal(`postgres://u@127.0.0.1:${port}/db?connect_timeout=1`)).toBe(
      `PostgreSQL at 127.0.0.1:${port} does not answer: check host and port of STORE_URL, and firewalls on the way.`,
    );
    for (const socket of accepted) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    expect(await refusal(`postgres://u@127.0.0.1:${port}/db`)).toBe(
      `PostgreSQL at 127.0.0.1:${port} cannot be reached (ECONNREFUSED): check host and port of STORE_URL, and that it runs.`,
    );
  });

  test("a port that closes each connection at once is asked once", async () => {
    let asked = 0;
    const closing = createServer((socket) => {
      asked++;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => closing.once("listening", resolve));
    const { port } = closing.address() as { port: number };
    expect(await refusal(`postgres://u@127.0.0.1:${port}/db?sslmode=disable`)).toStartWith(
      `PostgreSQL at 127.0.0.1:${port} cannot be reached (`,
    );
    expect(asked).toBe(1);
    closing.close();
  });

  test("a wrong password, which is not repeated", async () => {
    expect(await refusal(server.url("postgres", "postgres", "the-wrong-one"))).toBe(
      `PostgreSQL at 127.0.0.1:${server.port} refuses the password of user "postgres": check user and password in STORE_URL.`,
    );
  });

  test("a gateway that cannot open its store ends with 1 and that sentence, which has no password in it", async () => {
    const { PATH = "" } = process.env;
    const url = server.url("nowhere");
    const keys = Buffer.alloc(32, 7).toString("base64url");
    const env = { PATH, PORT: "0", STORE_URL: url, GATEWAY_KEYS: keys };
    const child = Bun.spawn([process.execPath, "gateway/main.ts"], { env, stdout: "pipe", stderr: "pipe" });
    const [said, log] = await Promise.all([child.stderr, child.stdout].map((stream) => new Response(stream).text()));
    expect(said).toBe(
      `PostgreSQL at 127.0.0.1:${server.port} has no database "nowhere": create it (CREATE DATABASE "nowhere" OWNER "postgres"), or name another in STORE_URL.\n`,
    );
    expect(log).not.toContain(new URL(url).password);
    expect(await child.exited).toBe(1);
  });

  test("a missing database", async () => {
    expect(await refusal(server.url("nowhere"))).toBe(
      `PostgreSQL at 127.0.0.1:${server.port} has no database "nowhere": create it (CREATE DATABASE "nowhere" OWNER "postgres"), or name another in STORE_URL.`,
    );
  });

  test("a user who may not make tables, or only some, has changed nothing", async () => {
    for (const rights of ["", "grant create on database DATABASE to USER;"]) {
      const database = await server.createDatabase();
      const url = await user(rights.replace("DATABASE", database), database);
      expect(await refusal(url)).toBe(
        `User "user_${database}" of STORE_URL has no right to make or change tables in database "${database}" at 127.0.0.1:${server.port}: make it the owner (ALTER DATABASE "${database}" OWNER TO "user_${database}"), or start a gateway as the owner once.`,
      );
      expect(await run(server.url(database), "select nspname from pg_namespace where nspname = 'drizzle'")).toEqual([]);
      expect(await tablesOf(server.url(database))).toBe(0);
    }
  });

  test("where the tables are up to date, a user needs the rights to write and no more", async () => {
    const database = await server.createDatabase();
    await (await openPostgres({ url: server.url(database), events: telling([]) }))[Symbol.asyncDispose]();
    const read = "grant usage on schema drizzle to USER; grant select on all tables in schema drizzle, public to USER;";
    const url = await user(read, database);
    expect(await refusal(url)).toBe(
      `Database "${database}" at 127.0.0.1:${server.port} does not let this user write the tables "resources" and "audit": give user "user_${database}" of STORE_URL the right to write, or name another server.`,
    );
    await run(
      server.url(database),
      `grant insert, update, delete on resources, audit to user_${database};
       grant usage on sequence audit_id_seq to user_${database}`,
    );
    await using store = await openPostgres({ url, events: telling([]) });
    written(await store.create("adapter", "weather", adapterBody("weather"), author));
  });

  test("a server that takes no writes", async () => {
    const database = await server.createDatabase();
    await run(server.url("postgres"), `alter database ${database} set default_transaction_read_only = on`);
    expect(await refusal(server.url(database))).toBe(
      `Database "${database}" at 127.0.0.1:${server.port} takes no writes: it is a replica, or default_transaction_read_only is on: give user "postgres" of STORE_URL the right to write, or name another server.`,
    );
  });

  test("a password in a file is read for every connection", async () => {
    await using directory = await temporaryDirectory();
    const database = await server.createDatabase();
    const url = new URL(await user(`alter database ${database} owner to USER;`, database));
    const file = `${directory.path}/password`;
    url.password = "";
    url.searchParams.set("password_file", file);
    expect(await refusal(url.href)).toBe(`The password file ${file} cannot be read (ENOENT).`);
    await Bun.write(file, "of-the-user\n");
    await using store = await openPostgres({ url: url.href, events: telling([]) });
    await store.list("adapter");

    await run(server.url(database), `alter user user_${database} password 'of tomorrow'`);
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'user_${database}'`;
    await run(server.url(database), cut);
    await expect(store.list("adapter")).rejects.toMatchObject({ name: "StoreUnavailable" });
    await Bun.write(file, "of tomorrow\r\n");
    expect(await store.list("adapter")).toEqual([]);
  });

  test("auth=entra asks for a token of Azure's databases, for every connection", async () => {
    const asked: string[] = [];
    const credential = async () => ({
      async getToken(scope: string) {
        asked.push(scope);
        return { token: "of-the-user" };
      },
    });
    const database = await server.createDatabase();
    const url = new URL(await user(`alter database ${database} owner to USER;`, database));
    url.password = "";
    url.searchParams.set("auth", "entra");
    const settings = { tls: { mode: "disable" as const } };
    await using store = await openPostgres({ url: url.href, events: telling([]), credential, settings });
    await store.list("adapter");
    expect(asked).toEqual(Array(2).fill("https://ossrdbms-aad.database.windows.net/.default"));
    const none = async () => ({ getToken: () => Promise.reject(new Error("no identity here\nwith a long story")) });
    expect(await refusal(url.href, { credential: none, settings })).toBe(
      "Entra ID gives no token for the database of STORE_URL (no identity here): give the gateway a workload identity or a managed identity.",
    );
  });

  test("a server without TLS is good enough for sslmode prefer, and not from require on", async () => {
    expect(await refusal(`${server.url("postgres")}?sslmode=require`)).toBe(
      `The server at 127.0.0.1:${server.port} does not speak TLS, which sslmode=require asks for: switch it on there, or set sslmode=disable in STORE_URL.`,
    );
    await using store = await openEmpty();
    expect(await store.list("adapter")).toEqual([]);
  });
});

describe.if(hasPostgres)("PostgreSQL over TLS", () => {
  let server: PostgresServer;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let url: string;
  beforeAll(async () => {
    const files = { "server.crt": selfSigned.cert, "server.key": selfSigned.key };
    server = await startPostgres(["ssl=on"], files);
    directory = await temporaryDirectory();
    await Bun.write(`${directory.path}/ca.pem`, selfSigned.cert);
    url = await emptyUrl(server);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  /** Whether the connection to `host` is encrypted, or why there is none. */
  async function over(parameters: string, host = "127.0.0.1"): Promise<unknown> {
    try {
      const there = `${url.replace("127.0.0.1", host)}?${parameters}`;
      await using store = await openPostgres({ url: there, events: telling([]) });
      const [row] = (await store.db.execute(
        "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
      )) as unknown as object[];
      return row;
    } catch (error) {
      return (error as Error).message;
    }
  }

  test("prefer and require encrypt, disable does not", async () => {
    expect(await over("sslmode=disable")).toEqual({ ssl: false });
    expect([await over(""), await over("sslmode=prefer"), await over("sslmode=require")]).toEqual(
      Array(3).fill({ ssl: true }),
    );
  });

  test("verify-ca and verify-full take a certificate of the named authority only, and require does when it is named", async () => {
    const ca = `sslrootcert=${directory.path}/ca.pem`;
    for (const mode of ["require", "verify-ca", "verify-full"])
      expect(await over(`sslmode=${mode}&${ca}`)).toEqual({ ssl: true });
    const refused = `The certificate of 127.0.0.1:${server.port} is not accepted (DEPTH_ZERO_SELF_SIGNED_CERT): set sslrootcert to a file of the authority that signed it, and check the host of STORE_URL.`;
    for (const mode of ["verify-ca", "verify-full"]) expect(await over(`sslmode=${mode}`)).toBe(refused);
    expect(await over("sslmode=verify-full&sslrootcert=/nowhere/ca.pem")).toBe(
      "The file /nowhere/ca.pem of sslrootcert in STORE_URL cannot be read.",
    );
  });

  test("verify-full wants the host's name in the certificate, verify-ca does not", async () => {
    const ca = `sslrootcert=${directory.path}/ca.pem`;
    expect(await over(`sslmode=verify-ca&${ca}`, "127.0.0.2")).toEqual({ ssl: true });
    expect(await over(`sslmode=verify-full&${ca}`, "127.0.0.2")).toBe(
      `The certificate of 127.0.0.2:${server.port} is not accepted (ERR_TLS_CERT_ALTNAME_INVALID): set sslrootcert to a file of the authority that signed it, and check the host of STORE_URL.`,
    );
  });
});
