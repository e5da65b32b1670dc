import { type Answer, type Answered, isEventStream, readAnswer, type Streamed, watchStream } from "./answer.ts";
import type { DoctorLimits } from "./limits.ts";
import type { Send, Unsent } from "./send.ts";

/** One request as the doctor writes it. */
export type Asking = {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of the JSON-RPC request in the body. */
  readonly id?: number;
};

export type Watching = {
  readonly watchMs: number;
  /** Ends it early, by how many events have come. */
  readonly isEnough?: (events: number) => boolean;
};

export type Asker = ReturnType<typeof askerOver>;

type Opened = { readonly state: "opened"; readonly response: Response; readonly headMs: number };

/** Asks within limits of time and memory: whatever a server does, an answer comes. `signal` ends the whole diagnosis. */
export function askerOver({
  send,
  limits,
  now,
  signal,
}: {
  send: Send;
  limits: DoctorLimits;
  now: () => number;
  signal: AbortSignal;
}) {
  return { ask, watch, tell };

  async function ask(asking: Asking, answerMs = limits.answerMs, maxBytes = limits.answerBytes): Promise<Answer> {
    using time = alarm(answerMs, signal);
    const opened = await open(asking, time.over);
    return opened.state === "opened" ? await read(opened, asking, maxBytes, time.over) : opened;
  }

  /** Opens a stream and looks at it for a while; anything but a stream is read as an answer. */
  async function watch(asking: Asking, { watchMs, isEnough = () => false }: Watching): Promise<Answer | Streamed> {
    const startMs = now();
    using time = alarm(limits.streamStartMs, signal);
    const { over } = time;
    const opened = await open(asking, over);
    if (opened.state !== "opened") return opened;
    const { response, headMs } = opened;
    const { headers, body } = response;
    time.set(watchMs);
    if (!response.ok || !isEventStream(headers) || !body) return await read(opened, asking, limits.answerBytes, over);
    const sinceMs = () => Math.round(now() - startMs);
    const seen = await watchStream(body, { over, maxBytes: limits.answerBytes, sinceMs, isEnough });
    return { state: "streamed", headers, headMs, ...seen };
  }

  /** Sends what has no answer that matters; when the diagnosis is over, too. */
  async function tell(asking: Asking): Promise<void> {
    using time = alarm(limits.tellMs);
    await open(asking, time.over);
  }

  async function open(
    { url, method, headers, body }: Asking,
    over: AbortSignal,
  ): Promise<Opened | Unsent | Extract<Answer, { state: "silent" }>> {
    const startMs = now();
    const request = new Request(url, { method, headers, signal: over, ...(body !== undefined && { body }) });
    const { promise: timeIsOver, resolve } = Promise.withResolvers<"over">();
    over.addEventListener("abort", () => resolve("over"), { once: true });
    if (over.aborted) resolve("over");
    const sent = await Promise.race([timeIsOver, send(request)]);
    const headMs = Math.round(now() - startMs);
    if (sent === "over" || over.aborted) return { state: "silent", afterMs: headMs };
    return sent.state === "answered" ? { state: "opened", response: sent.response, headMs } : sent;
  }

  async function read(
    { response, headMs }: Opened,
    { id }: Asking,
    maxBytes: number,
    over: AbortSignal,
  ): Promise<Answered> {
    const { status, headers } = response;
    return { state: "answered", status, headers, headMs, ...(await readAnswer(response, { id, maxBytes, over })) };
  }
}

/** Fires when its time is over, when `signal` does, and at the end, so that nothing that was begun goes on. */
function alarm(ms: number, signal?: AbortSignal): { over: AbortSignal; set(ms: number): void } & Disposable {
  const controller = new AbortController();
  const fire = () => controller.abort();
  let timeout = setTimeout(fire, ms);
  signal?.addEventListener("abort", fire, { once: true });
  if (signal?.aborted) fire();
  return {
    over: controller.signal,
    set(ms) {
      clearTimeout(timeout);
      timeout = setTimeout(fire, ms);
    },
    [Symbol.dispose]() {
      clearTimeout(timeout);
      signal?.removeEventListener("abort", fire);
      fire();
    },
  };
}
