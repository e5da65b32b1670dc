import type { Status, StatusDetails } from "./status.ts";

/** `failed`: the API server (or something before it) said no. `unreachable`: nothing that could be used came back. */
export type Failure =
  | {
      readonly state: "failed";
      readonly status: number;
      /** Kubernetes' word, as `NotFound` or `AlreadyExists`. */
      readonly reason: string;
      readonly message: string;
      readonly details: StatusDetails | undefined;
    }
  | { readonly state: "unreachable"; readonly message: string };

export type Answer<Value> = { readonly state: "ok"; readonly object: Value } | Failure;

export function failed(status: number, reason: string, message: string, details?: StatusDetails): Failure {
  return { state: "failed", status, reason, message, details };
}

export function unreachable(message: string): Failure {
  return { state: "unreachable", message };
}

export function failureInWords(failure: Failure): string {
  return failure.state === "failed" ? `${failure.status} ${failure.reason}: ${failure.message}` : failure.message;
}

/** The failure that an answer's body tells: a Status as a rule; a proxy on the way may say anything. */
export function failureOf(status: number, body: string): Failure {
  const told = parse(body);
  if (isStatus(told)) return failureOfStatus(told, status);
  const words = body.replace(/\s+/g, " ").trim().slice(0, maxForeignCharacters);
  return failed(status, reasons[status] ?? "Unknown", words === "" ? `the server answered ${status}` : words);
}

/** `status` where the Status itself has no code. */
export function failureOfStatus(told: Status, status: number): Failure {
  const code = typeof told.code === "number" ? told.code : status;
  const reason = typeof told.reason === "string" && told.reason !== "" ? told.reason : (reasons[code] ?? "Unknown");
  const message = typeof told.message === "string" ? told.message : `the server answered ${code}`;
  return failed(code, reason, message, typeof told.details === "object" && told.details ? told.details : undefined);
}

export function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

const maxForeignCharacters = 300;

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
