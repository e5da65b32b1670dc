import { HeldBytes } from "../observe/requests/held-bytes.ts";
import { type EventRule, eventRewriter } from "./policy/events.ts";
import type { Id } from "./policy/messages.ts";
import { listMarks, type ListRule, withoutForbidden } from "./policy/tool-list.ts";
import { inSlices } from "./slices.ts";

export type FilterOptions = {
  /** What becomes of answers to other requests; a session's streams may carry a list that another request asked for. */
  readonly others?: ListRule["others"];
  /** The largest event, or JSON answer, in bytes. A larger one is broken off. */
  readonly maxHeldBytes?: number;
  /** Told once, why an answer is broken off here. The server's own end is not told. */
  readonly refused?: (reason: string) => void;
};

/** Of one event or one JSON answer: it is held in memory to be read. */
export const defaultMaxHeldBytes = 16 * 1024 * 1024;

/** What describes the body as the server sent it: its length, and digests of it (RFC 9530 and before). */
const aboutBytes = ["content-length", "content-digest", "repr-digest", "digest", "content-md5"];

/**
 * The same answer, its tool lists without the tools outside `access`: in JSON or in an event stream, for the requests
 * `listIds` and, if wanted, for all others. An event that holds no such list goes on at once, byte for byte. What cannot
 * be checked is not let by: a 502 when the headers tell (a content coding, no MCP type), else the answer breaks off, as it
 * does when the server dies. Answers that are no 2xx hold no result and go on untouched. Costs a look at every byte, so
 * it is for requests under a policy only.
 */
export function filterToolLists(
  response: Response,
  access: ReadonlySet<string>,
  listIds: ReadonlySet<Id>,
  { others = "untouched", maxHeldBytes = defaultMaxHeldBytes, refused = () => {} }: FilterOptions = {},
): Response {
  const { body } = response;
  if (!body || !response.ok) return response;
  // "202 Accepted with no body": whatever there is has no meaning.
  if (response.status === 202) return withBody(response, null);
  const coding = response.headers.get("content-encoding");
  if (coding && coding.toLowerCase() !== "identity") return uncheckable(body, "is encoded", refused);
  const rewrite = (text: string) => withoutForbidden(text, { allowed: access, listIds, others });
  const rule = { maxHeldBytes, marks: listMarks, rewrite };
  const type = response.headers.get("content-type")?.toLowerCase() ?? "";
  if (type.startsWith("text/event-stream")) return withBody(response, through(body, eventRewriter(rule), refused));
  if (type.includes("json")) return withBody(response, through(body, jsonRewriter(rule), refused));
  return uncheckable(body, "is neither JSON nor an event stream", refused);
}

type Rewriter = {
  /** Throws when the answer must break off. */
  push(chunk: Uint8Array): Buffer[];
  end(): Buffer[];
};

function jsonRewriter({ maxHeldBytes, marks, rewrite }: EventRule): Rewriter {
  const held = new HeldBytes();
  return {
    push(chunk) {
      held.add(chunk);
      if (held.length > maxHeldBytes) throw new Error(`an answer is larger than ${maxHeldBytes} bytes`);
      return [];
    },
    end() {
      const bytes = held.all();
      const text = marks.some((mark) => bytes.includes(mark)) ? rewrite(new TextDecoder().decode(bytes)) : undefined;
      return [text === undefined ? bytes : Buffer.from(text)];
    },
  };
}

/** Reads only when it is read from, so that a slow client holds the server back; a client that goes away cancels. */
function through(
  body: ReadableStream<Uint8Array>,
  rewriter: Rewriter,
  refused: (reason: string) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const read = inSlices(() => reader.read());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A pull that gives nothing is not repeated.
        for (;;) {
          const { done, value } = await read();
          const ready = rewritten(done ? undefined : value);
          // Bun prints every other reason, with a stack.
          if (!ready) return controller.error(null);
          if (ready.length > 0) controller.enqueue(ready);
          if (done) controller.close();
          if (done || ready.length > 0) return;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );

  /** Undefined: it must break off here. */
  function rewritten(chunk: Uint8Array | undefined): Buffer | undefined {
    try {
      const ready = chunk ? rewriter.push(chunk) : rewriter.end();
      return ready.length === 1 ? ready[0] : Buffer.concat(ready);
    } catch (error) {
      void reader.cancel(error).catch(() => {});
      refused(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

function withBody(response: Response, body: ReadableStream<Uint8Array> | null): Response {
  if (!body) void response.body?.cancel().catch(() => {});
  const answer = new Response(body, response);
  for (const name of aboutBytes) answer.headers.delete(name);
  return answer;
}

function uncheckable(body: ReadableStream<Uint8Array>, why: string, refused: (reason: string) => void): Response {
  void body.cancel().catch(() => {});
  const message = `The MCP server's answer ${why}, so its tools cannot be checked`;
  refused(message);
  return Response.json({ jsonrpc: "2.0", error: { code: -32603, message }, id: null }, { status: 502 });
}
