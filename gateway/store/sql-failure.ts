import { DrizzleQueryError } from "drizzle-orm";
import { StoreUnavailable } from "./store.ts";

/**
 * SQLSTATEs of a database that cannot do it now: connection lost (08), refused (28) or without its database (3D), out of
 * resources (53), stopping, starting or over a time limit (57), read-only while another takes over (25006), idle for too
 * long (25P03), a lock or an order of writes that another had first (40001, 40P01, 55P03), broken disks (58).
 */
const passing = /^(08|28|3D|53|57|58)|^(25006|25P03|40001|40P01|55P03)$/;

/**
 * What is thrown instead of a driver's error: {@link StoreUnavailable}, or an error that is a bug of ours or a missing right.
 * Neither has the values of the statement, which may be secrets and would be logged.
 */
export function sqlFailure(thrown: unknown): Error {
  const error = causeOf(thrown);
  if (error instanceof StoreUnavailable) return error;
  const state = sqlStateOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (state === undefined) return error instanceof Error && error === thrown ? error : new Error(message);
  return passing.test(state) ? new StoreUnavailable(`${message} (${state})`) : new Error(`${message} (${state})`);
}

/** The five characters by which PostgreSQL names what went wrong; undefined for what went wrong elsewhere. */
export function sqlStateOf(thrown: unknown): string | undefined {
  const error = causeOf(thrown);
  // Both drivers have the server's severity beside it; Node's codes have not.
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return undefined;
  return String(error.code);
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof DrizzleQueryError ? thrown.cause : thrown;
}
