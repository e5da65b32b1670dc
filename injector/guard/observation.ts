import { createHash } from "node:crypto";
import { fieldOf } from "../../gateway/data-plane/upstream/answer.ts";
import type { Witness } from "../../gateway/data-plane/upstream/exchange.ts";
import type { ResponseHead } from "../../gateway/data-plane/upstream/response-head.ts";
import { type AnswerScan, answerScan } from "../../gateway/observe/requests/answer-scan.ts";
import { answerAttributes, errorTypeOf, requestAttributes } from "../../gateway/observe/traces/span-attributes.ts";
import type { TraceCarrier, TraceSpan, Tracing } from "../../gateway/observe/traces/span.ts";
import type { Call } from "./call.ts";
import type { GuardEvents } from "./events.ts";
import type { Labels, Metrics } from "./metrics.ts";
import type { Sessions } from "./sessions.ts";

export type Observing = {
  readonly metrics: Pick<Metrics, "labelsOf">;
  readonly events: Pick<GuardEvents, "requestOver" | "upstreamFailed">;
  readonly sessions: Sessions;
  /** How many event streams are under way. */
  readonly streams: { open: number };
  readonly tracing: Tracing | undefined;
  readonly now: () => number;
};

/** What is seen of one request, from its start to the last byte of its answer. A class, since one lives for each open stream. */
export class Observation implements Witness {
  readonly #observing: Observing;
  readonly #call: Call;
  readonly #headers: Headers;
  readonly #labels: Labels;
  readonly #session: string | undefined;
  readonly #startedMs: number;
  readonly #httpMethod: string;
  /** Its answer lasts for as long as the client likes. */
  readonly #isLasting: boolean;
  readonly #span: TraceSpan | undefined;
  #scan: AnswerScan | undefined;
  #status: number | undefined;
  #isStream = false;
  #held: Disposable | undefined;
  #requestBytes = 0;
  #answerBytes = 0;

  /** `session` is the request's Mcp-Session-Id, if it has one. */
  constructor({ method, headers }: Request, call: Call, session: string | undefined, observing: Observing) {
    this.#observing = observing;
    this.#call = call;
    this.#headers = headers;
    this.#labels = observing.metrics.labelsOf(call);
    this.#session = session;
    this.#startedMs = observing.now();
    this.#httpMethod = method;
    this.#isLasting = method === "GET" || call.method === "subscriptions/listen";
    // Only what has a message is an MCP request.
    if (method === "POST") this.#span = observing.tracing?.serve(nameOf(this.#labels), traceIn(headers));
  }

  /** What the server does becomes a child of this request's span, if there is one. */
  propagate(headers: Record<string, string>): void {
    this.#span?.propagate(headers);
  }

  sent(piece: Uint8Array): void {
    this.#requestBytes += piece.length;
  }

  began(head: ResponseHead): void {
    const contentType = fieldOf(head, "content-type");
    this.#status = head.status;
    this.#scan = answerScan(contentType);
    this.#isStream = contentType?.startsWith("text/event-stream") ?? false;
    if (this.#isStream) this.#observing.streams.open++;
    this.#noteSession(head.status, this.#session ?? fieldOf(head, "mcp-session-id"));
  }

  saw(piece: Uint8Array): void {
    this.#answerBytes += piece.length;
    this.#scan?.saw(piece);
  }

  /** Whatever breaks off is a 502 here, also where the client has seen the beginning of another answer. */
  ended(end: Parameters<Witness["ended"]>[0]): void {
    const { streams, events, now } = this.#observing;
    if (this.#isStream) streams.open--;
    this.#held?.[Symbol.dispose]();
    const isFailed = end.state === "refused" || end.state === "broken";
    const status = isFailed ? 502 : (this.#status ?? 499);
    const failure = this.#scan?.failure();
    const rpcError = typeof failure === "number" ? failure : undefined;
    const bytes = { requestBytes: this.#requestBytes, answerBytes: this.#answerBytes };
    const seconds = this.#isLasting ? undefined : (now() - this.#startedMs) / 1000;
    events.requestOver(this.#labels, { status, rpcError, seconds, ...bytes });
    if (end.state === "refused") events.upstreamFailed("refused", "it accepts no connection");
    if (end.state === "broken") events.upstreamFailed("broken", end.reason);
    const describe = () => ({ ...requestAttributes(this.#asked()), ...answerAttributes(status, rpcError) });
    this.#span?.end(describe, isFailed ? end.state : errorTypeOf(status, failure));
  }

  #asked() {
    const session = this.#session === undefined ? undefined : hashed(this.#session);
    return { ...this.#call, revision: this.#headers.get("mcp-protocol-version"), session };
  }

  #noteSession(status: number, session: string | undefined): void {
    if (session === undefined) return;
    const isOver = status === 404 || (this.#httpMethod === "DELETE" && status < 300);
    if (isOver) this.#observing.sessions.ended(session);
    else if (status < 300) this.#held = this.#observing.sessions.hold(session);
  }
}

/** The method and what it is about, both out of few values. */
function nameOf({ method, tool }: Labels): string {
  return tool === "" ? method : `${method} ${tool}`;
}

/** The id itself opens the session to whoever gets past the gateway. */
function hashed(session: string): string {
  return createHash("sha256").update(session).digest("hex").slice(0, 32);
}

function traceIn(headers: Headers): TraceCarrier {
  return { traceparent: headers.get("traceparent"), tracestate: headers.get("tracestate") };
}
