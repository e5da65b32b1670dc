import { describe } from "bun:test";
import { hasPostgres } from "../support/postgres.ts";
import { openEmpty } from "./postgres-stand.ts";
import { sqlStoreSuite } from "./sql-store.suite.ts";

describe.if(hasPostgres)("a real server", () => {
  sqlStoreSuite("PostgreSQL", openEmpty);
});
