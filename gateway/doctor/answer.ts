import { createParser } from "eventsource-parser";
import { messagesIn, responseIn, type RpcMessage } from "./json-rpc.ts";
import type { Unsent } from "./send.ts";

/** What came of a request. `silent`: no headers in time. */
export type Answer = Answered | Unsent | { readonly state: "silent"; readonly afterMs: number };

export type Answered = {
  readonly state: "answered";
  readonly status: number;
  readonly headers: Headers;
  /** The body, up to the limit. */
  readonly text: string;
  /** How it ended. `enough`: the rest was not waited for. */
  readonly end: "complete" | "enough" | "cut" | "slow" | "large";
  /** What answers the request in it. */
  readonly message: RpcMessage | undefined;
  readonly headMs: number;
};

/** How an event stream went on while it was watched. */
export type Streamed = {
  readonly state: "streamed";
  readonly headers: Headers;
  readonly headMs: number;
  /** When its first byte came. */
  readonly firstMs: number | undefined;
  readonly events: readonly { readonly type: string; readonly data: string }[];
  /** Events have ids, by which a client can resume. */
  readonly hasIds: boolean;
  readonly end: "open" | "ended" | "cut";
  readonly watchedMs: number;
};

export function isEventStream(headers: Headers): boolean {
  return headers.get("content-type")?.toLowerCase().startsWith("text/event-stream") ?? false;
}

type Chunk = { readonly state: "bytes"; readonly bytes: Uint8Array } | { readonly state: "ended" | "cut" | "over" };

type Reader = { read(): Promise<{ done: boolean; value?: Uint8Array }> };

/** The chunks of a body, until it ends or `over` fires; one that hangs is left behind. */
async function* chunksOf(body: ReadableStream<Uint8Array>, over: AbortSignal): AsyncGenerator<Chunk> {
  const reader = body.getReader();
  const { promise: timeIsOver, resolve } = Promise.withResolvers<Chunk>();
  const ends = () => resolve({ state: "over" });
  over.addEventListener("abort", ends, { once: true });
  if (over.aborted) ends();
  try {
    for (;;) {
      const chunk = await Promise.race([timeIsOver, next(reader, over)]);
      yield chunk;
      if (chunk.state !== "bytes") return;
    }
  } finally {
    over.removeEventListener("abort", ends);
    void reader.cancel().catch(() => {});
  }
}

async function next(reader: Reader, over: AbortSignal): Promise<Chunk> {
  try {
    const { done, value } = await reader.read();
    return done || !value ? { state: "ended" } : { state: "bytes", bytes: value };
  } catch {
    return { state: over.aborted ? "over" : "cut" };
  }
}

/** Reads a body until it ends, until request `id` is answered in its events, or until a limit. */
export async function readAnswer(
  response: Response,
  { id, maxBytes, over }: { id: number | undefined; maxBytes: number; over: AbortSignal },
): Promise<Pick<Answered, "text" | "end" | "message">> {
  const events: unknown[] = [];
  const parser = createParser({ onEvent: ({ data }) => void events.push(...messagesIn(data)) });
  const isStream = isEventStream(response.headers);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  let end: Answered["end"] = "complete";
  for await (const chunk of response.body ? chunksOf(response.body, over) : []) {
    if (chunk.state === "cut") end = "cut";
    if (chunk.state === "over") end = "slow";
    if (chunk.state !== "bytes") break;
    bytes += chunk.bytes.length;
    const piece = decoder.decode(chunk.bytes, { stream: true });
    if (isStream) parser.feed(piece);
    text += piece;
    if (bytes > maxBytes) end = "large";
    else if (isStream && responseIn(events, id)) end = "enough";
    else continue;
    break;
  }
  return { text, end, message: responseIn(isStream ? events : messagesIn(text), id) };
}

/** Watches an event stream until `over`, or until `isEnough` of its events. */
export async function watchStream(
  body: ReadableStream<Uint8Array>,
  {
    over,
    maxBytes,
    sinceMs,
    isEnough,
  }: { over: AbortSignal; maxBytes: number; sinceMs: () => number; isEnough: (events: number) => boolean },
): Promise<Pick<Streamed, "firstMs" | "events" | "hasIds" | "end" | "watchedMs">> {
  const events: { type: string; data: string }[] = [];
  let hasIds = false;
  let firstMs: number | undefined;
  let end: Streamed["end"] = "open";
  let bytes = 0;
  const parser = createParser({
    onEvent: ({ event, data }) => void events.push({ type: event ?? "message", data }),
    onId: () => {
      hasIds = true;
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(body, over)) {
    if (chunk.state === "ended" || chunk.state === "cut") end = chunk.state;
    if (chunk.state !== "bytes") break;
    firstMs ??= sinceMs();
    bytes += chunk.bytes.length;
    parser.feed(decoder.decode(chunk.bytes, { stream: true }));
    if (bytes > maxBytes || isEnough(events.length)) break;
  }
  return { firstMs, events, hasIds, end, watchedMs: sinceMs() };
}
