import {
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import type { Bodies, Kind } from "./store.ts";

/** Resources as they are now: one row per kind and name. */
export const resources = pgTable(
  "resources",
  {
    kind: text("kind").$type<Kind>().notNull(),
    name: text("name").notNull(),
    uid: uuid("uid").notNull(),
    revision: integer("revision").notNull(),
    deleting: boolean("deleting").notNull(),
    body: jsonb("body").$type<Bodies[Kind]>().notNull(),
  },
  (row) => [primaryKey({ columns: [row.kind, row.name] })],
);

/** Who wrote what, one row per acknowledged write, never changed afterwards. `at` is the database's clock: one for all gateways. */
export const audit = pgTable(
  "audit",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    at: timestamp("at", { withTimezone: true }).notNull().defaultNow(),
    actor: text("actor").notNull(),
    action: text("action").$type<"create" | "update" | "delete">().notNull(),
    kind: text("kind").$type<Kind>().notNull(),
    name: text("name").notNull(),
    uid: uuid("uid").notNull(),
    revision: integer("revision").notNull(),
    requestId: text("request_id").notNull(),
  },
  (row) => [index("audit_by_resource").on(row.kind, row.name, row.id)],
);

/** Written by `drizzle-kit generate` from the tables above; each backend applies them when it opens. */
export const migrationsFolder = `${import.meta.dirname}/migrations`;
