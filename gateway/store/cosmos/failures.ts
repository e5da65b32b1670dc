import { StoreUnavailable } from "../store.ts";

/** A container that is being made or restored (404), too many requests, a timeout, a retry asked for, a partition on the move, an outage: the same may succeed later. */
const passing = new Set([404, 408, 410, 429, 449, 500, 502, 503, 504]);

const role = "Cosmos DB Built-in Data Contributor";

/** The HTTP status of what the SDK threw, if the account answered at all. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "number") return error.code;
  // Of a batch the SDK throws an error of its own around that of the request.
  return statusOf(error.cause);
}

/** What kind of that status it is, where the account said so. */
export function substatusOf(error: unknown): number | undefined {
  return error instanceof Error && "substatus" in error ? Number(error.substatus) : undefined;
}

/**
 * What the SDK threw, in words of our own: its errors hold the request with its authorization, so none of them may reach
 * a log, not even as a cause.
 */
export function failure(what: string, error: unknown): Error {
  if (error instanceof StoreUnavailable) return error;
  const status = statusOf(error);
  if (status === undefined) return new StoreUnavailable(`Cosmos DB gave no answer to: ${what} (${nameOf(error)}).`);
  if (passing.has(status)) return new StoreUnavailable(`Cosmos DB answered ${status} to: ${what}.`);
  if (status === 401)
    return new Error(`Cosmos DB answered 401 to: ${what}. Its key is wrong, or keys are switched off.`);
  if (status === 403) {
    return new Error(
      `Cosmos DB answered 403 to: ${what}. Does this identity have the role "${role}", and the network access?`,
    );
  }
  return new Error(`Cosmos DB answered ${status} to: ${what}.`);
}

/** One word: `ECONNREFUSED`, `AbortError`. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.cause instanceof Error) return nameOf(error.cause);
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return /^\w{1,64}$/.test(code) ? code : "unknown";
}
