import { sql } from "drizzle-orm";
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
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import type { AuditEntry } from "../../openapi/audit.ts";
import { root } from "../root.ts";
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
  (row) => [
    primaryKey({ columns: [row.kind, row.name] }),
    // `workloadKinds` of the store: what runs for an adapter and for a tool goes by its name.
    uniqueIndex("resources_by_workload")
      .on(row.name)
      .where(sql`kind in ('adapter', 'tool')`),
  ],
);

/**
 * Who did what: one row per acknowledged write and one per tool call, never changed afterwards. A write's `at` is the
 * database's clock, one for all gateways; a call's is its gateway's. Milliseconds, because that is what a cursor of
 * JavaScript can name: with microseconds a page would begin beside the row where the last one ended.
 */
export const audit = pgTable(
  "audit",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    at: timestamp("at", { withTimezone: true, precision: 3 }).notNull().defaultNow(),
    actor: text("actor").notNull(),
    action: text("action").$type<AuditEntry["action"]>().notNull(),
    kind: text("kind").$type<Kind>().notNull(),
    name: text("name").notNull(),
    uid: uuid("uid").notNull(),
    /** What a write made; null for a call. */
    revision: integer("revision"),
    requestId: text("request_id").notNull(),
    outcome: text("outcome").$type<AuditEntry["outcome"]>().notNull().default("ok"),
    // From here on null for a write.
    tool: text("tool"),
    session: text("session"),
    status: integer("status"),
    durationMs: integer("duration_ms"),
    argumentsHash: text("arguments_hash"),
    /** Text and not jsonb, which cannot hold the NUL that a caller's arguments may. */
    arguments: text("arguments"),
  },
  (row) => [
    index("audit_by_time").on(row.at, row.id),
    index("audit_by_actor").on(row.actor, row.at, row.id),
    index("audit_by_name").on(row.name, row.at, row.id),
  ],
);

/** Written by `drizzle-kit generate` from the tables above; each backend applies them when it opens. */
export const migrationsFolder = `${root}/gateway/store/migrations`;
