import { createParser } from "eventsource-parser";
import { inSlices } from "../../slices.ts";

/**
 * What became of a body. `taken`: `take` had the message it waited for; the rest of the body is read in the background
 * until `rest`. `ended`: the server closed it, or it broke off; with an event id it may be resumed from there.
 */
export type Read =
  | { readonly state: "taken"; readonly rest: Promise<void> }
  | { readonly state: "ended"; readonly lastEventId: string | undefined; readonly retryMs: number | undefined }
  | { readonly state: "unreadable"; readonly reason: string };

export type Reading = {
  /** Takes one message; true when it is the last that matters. Throw `Unreadable` to give up. */
  readonly take: (message: unknown) => boolean;
  /** Of the whole body, and of one event of a stream. */
  readonly maxBytes: number;
  readonly maxEventBytes: number;
  readonly signal: AbortSignal;
};

/** Why an answer is of no use, in words for whoever asked. */
export class Unreadable extends Error {}

/** Servers close a stream right after the answer; read to its end, the connection to them can be used again. */
const restMs = 1000;

/** Reads JSON-RPC messages out of an answer, be it JSON (one, or a batch) or an event stream. */
export async function readMessages({ body, headers }: Response, reading: Reading): Promise<Read> {
  const ended = { state: "ended", lastEventId: undefined, retryMs: undefined } as const;
  if (!body) return ended;
  const type = headers.get("content-type")?.toLowerCase() ?? "";
  const isStream = type.startsWith("text/event-stream");
  const reader = body.getReader() as Reader;
  const giveUp = () => void reader.cancel().catch(() => {});
  if (!isStream && !type.includes("json")) {
    giveUp();
    return { state: "unreadable", reason: "The MCP server answered with neither JSON nor an event stream" };
  }
  const { signal } = reading;
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  const letGo = () => signal.removeEventListener("abort", giveUp);
  let rest = Promise.resolve();
  try {
    const read = await (isStream ? readStream(reader, reading) : readJson(reader, reading));
    if (read === "taken") {
      rest = readRest(reader, giveUp);
      return { state: "taken", rest };
    }
    return read === "ended" ? ended : read;
  } catch (error) {
    giveUp();
    if (error instanceof Unreadable) return { state: "unreadable", reason: error.message };
    throw error;
  } finally {
    void rest.finally(letGo);
  }
}

type Reader = { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(): Promise<void> };

async function readJson(reader: Reader, { take, maxBytes }: Reading): Promise<"taken" | "ended"> {
  const held: Uint8Array[] = [];
  for await (const chunk of chunksOf(reader, maxBytes)) held.push(chunk);
  const text = new TextDecoder().decode(Buffer.concat(held));
  if (text.trim() === "") return "ended";
  const json = parsed(text);
  // Revision 2025-03-26 knows batches.
  for (const message of Array.isArray(json) ? json : [json]) if (take(message)) return "taken";
  return "ended";
}

async function readStream(
  reader: Reader,
  { take, maxBytes, maxEventBytes }: Reading,
): Promise<"taken" | Extract<Read, { state: "ended" }>> {
  let isTaken = false;
  let lastEventId: string | undefined;
  let retryMs: number | undefined;
  const parser = createParser({
    maxBufferSize: maxEventBytes,
    onError({ type }) {
      if (type === "max-buffer-size-exceeded") throw tooLarge(maxEventBytes);
    },
    onId: (id) => {
      lastEventId = id;
    },
    onRetry: (ms) => {
      retryMs = ms;
    },
    onEvent({ event, data }) {
      // An event without data only gives its id.
      if (isTaken || data === "" || (event ?? "message") !== "message") return;
      isTaken = take(parsed(data));
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(reader, maxBytes)) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (isTaken) return "taken";
  }
  return { state: "ended", lastEventId, retryMs };
}

/** Until the body ends, in whatever way. Leaving early leaves the reader to the caller. */
async function* chunksOf(reader: Reader, maxBytes: number): AsyncGenerator<Uint8Array> {
  const read = inSlices(() => reader.read().catch(() => ({ done: true })));
  let bytes = 0;
  for (;;) {
    const { done, value } = await read();
    if (done) return;
    if (!value) continue;
    bytes += value.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield value;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable("The MCP server answered with something that is not JSON");
  }
}

function tooLarge(maxBytes: number): Unreadable {
  return new Unreadable(`The MCP server's answer is larger than ${maxBytes} bytes`);
}

async function readRest(reader: Reader, giveUp: () => void): Promise<void> {
  const timer = setTimeout(giveUp, restMs);
  try {
    for (;;) if ((await reader.read()).done) return;
  } catch {
    // It broke off, after all that matters.
  } finally {
    clearTimeout(timer);
  }
}
