import { type Answer, type Failure, failed, failureOf, unreachable } from "./answer.ts";
import type { Access, Cluster } from "./cluster.ts";
import { errorInWords } from "./error-in-words.ts";
import type { ApiLimits } from "./limits.ts";
import { linkedTo } from "./linked-signal.ts";
import type { Pause } from "../../pause.ts";
import { readText } from "./read-text.ts";

export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

export type ClientEvents = {
  /** The server asked for patience. */
  kubernetesBusy(what: { method: string; path: string; status: number; retryInMs: number }): unknown;
};

export type Call = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: { readonly type: string; readonly text: string } | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** What is bounded in time: all of it, or only what comes before the answer's body, or nothing. */
export type Bounded = { readonly ms: number; readonly until: "read" | "open" } | undefined;

/** Takes what was answered with 2xx. */
type Read<Value> = (response: Response) => Promise<Answer<Value>>;
export type Send = <Value>(call: Call, bounded: Bounded, read: Read<Value>) => Promise<Answer<Value>>;

export type SendOptions = {
  readonly cluster: Cluster;
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly random: () => number;
  readonly pause: Pause;
  readonly limits: ApiLimits;
  readonly events: ClientEvents | undefined;
};

/**
 * Sends a request and never rejects. Once more after a 401, with what authenticates us read anew; and a few times after a
 * 429 or 503 that says when to come back: then the server has done nothing yet.
 */
export function sender({ cluster, fetch, now, random, pause, limits, events }: SendOptions): Send {
  return async (call, bounded, read) => {
    const signal = call.signal ?? never;
    let retries = 0;
    for (let renewed = false; ;) {
      const { answer, retryAfterMs } = await sendOnce(call, bounded, read, renewed);
      if (answer.state !== "failed" || signal.aborted) return answer;
      if (answer.status === 401 && !renewed) renewed = true;
      else if (retryAfterMs !== undefined && retries < limits.maxRetries) {
        retries++;
        // A tenth more at most: not all come back at once.
        const retryInMs = Math.min(retryAfterMs, limits.maxRetryAfterMs) * (1 + 0.1 * random());
        events?.kubernetesBusy({ method: call.method, path: call.path, status: answer.status, retryInMs });
        await pause(retryInMs, signal);
      } else return answer;
    }
  };

  type Sent<Value> = { answer: Answer<Value>; retryAfterMs?: number | undefined };

  async function sendOnce<Value>(
    call: Call,
    bounded: Bounded,
    read: Read<Value>,
    renew: boolean,
  ): Promise<Sent<Value>> {
    const limit = linkedTo(call.signal);
    const timer = bounded && setTimeout(() => limit.abort(new Error(`no answer in ${bounded.ms} ms`)), bounded.ms);
    let streams = false;
    try {
      const access = await cluster.access(renew);
      const response = await fetch(addressOf(call), requestOf(call, access, limit.signal));
      if (!response.ok) return await refused(response);
      streams = bounded?.until !== "read";
      return { answer: await read(response) };
    } catch (error) {
      return { answer: unreachable(`${cluster.server}: ${errorInWords(error)}`) };
    } finally {
      clearTimeout(timer);
      // A stream that goes on must still end when the caller's signal aborts.
      if (!streams) limit[Symbol.dispose]();
    }
  }

  async function refused(response: Response): Promise<{ answer: Failure; retryAfterMs?: number | undefined }> {
    const text = await readText(response.body, limits.maxErrorBytes);
    const answer = failureOf(response.status, text ?? "");
    const patient = response.status === 429 || response.status === 503;
    return { answer, retryAfterMs: patient ? retryAfterMs(response.headers.get("retry-after")) : undefined };
  }

  /** RFC 9110 §10.2.3: seconds or a date. */
  function retryAfterMs(header: string | null): number | undefined {
    if (header === null) return undefined;
    if (/^\d+$/.test(header)) return Number(header) * 1000;
    const date = Date.parse(header);
    return Number.isNaN(date) ? undefined : Math.max(0, date - now());
  }

  function addressOf({ path, query = {} }: Call): string {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
    return given.size === 0 ? cluster.server + path : `${cluster.server}${path}?${given}`;
  }
}

/** Reads a JSON object; anything else that comes with a 2xx is no API server's. */
export function jsonReader(limits: ApiLimits) {
  return async function readObject<Value>(response: Response): Promise<Answer<Value>> {
    const text = await readText(response.body, limits.maxResponseBytes);
    if (text === undefined)
      return failed(response.status, "TooLarge", `the answer is larger than ${limits.maxResponseBytes} bytes`);
    try {
      const object: unknown = JSON.parse(text);
      if (typeof object === "object" && object !== null) return { state: "ok", object: object as Value };
    } catch {
      // Said below.
    }
    return failed(response.status, "Unreadable", "the answer is no JSON object: this is no API server");
  };
}

const never = new AbortController().signal;

function requestOf(call: Call, { tls, token }: Access, signal: AbortSignal): BunFetchRequestInit {
  const headers: Record<string, string> = { accept: "application/json, */*", "user-agent": "mcp-gateway" };
  if (token) headers["authorization"] = `Bearer ${token}`;
  if (call.body) headers["content-type"] = call.body.type;
  // Bun would end a silent watch after five minutes; and a redirect would take the token elsewhere.
  return { method: call.method, headers, body: call.body?.text, signal, tls, timeout: false, redirect: "manual" };
}
