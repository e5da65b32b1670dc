import { openPostgres, type PostgresOptions } from "../../gateway/store/postgres.ts";
import type { SqlStore } from "../../gateway/store/sql-store.ts";
import { type PostgresServer, sharedPostgres } from "../support/postgres.ts";

/** A store in an empty database of the server that all tests share. */
export async function openEmpty(options: Partial<PostgresOptions> = {}): Promise<SqlStore> {
  return openPostgres({ url: await emptyUrl(), events: telling([]), ...options });
}

export async function emptyUrl(server?: PostgresServer): Promise<string> {
  const on = server ?? (await sharedPostgres());
  return on.url(await on.createDatabase());
}

export const telling = (failures: unknown[]) => ({ changeFeedFailed: (error: unknown) => void failures.push(error) });

/** The name in each entry of the trail, newest first. */
export async function namesInTrail(store: SqlStore): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await store.audit({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    if (page.state !== "read") throw new Error(page.state);
    names.push(...page.entries.map(({ name }) => name));
    cursor = page.next;
  }
  return names;
}
