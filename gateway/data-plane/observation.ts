import type { HeaderFields } from "../auth/header-fields.ts";
import type { Principal } from "../auth/principal.ts";
import type { AnswerFailure } from "../observe/requests/answer-failure.ts";
import { type AnswerScan, answerScan } from "../observe/requests/answer-scan.ts";
import type { Events } from "../observe/events.ts";
import type { RequestSeen } from "../observe/requests/request-seen.ts";
import { answerAttributes, errorTypeOf, requestAttributes } from "../observe/traces/span-attributes.ts";
import type { TraceCarrier, TraceSpan, Tracing } from "../observe/traces/span.ts";
import type { ReadMessage, Seen } from "./seen.ts";
import { type CallEnd, type Calling, toolCallsOf } from "./tool-calls.ts";
import { metaIn, tracedBody } from "./traced-body.ts";
import { fieldOf } from "./upstream/answer.ts";
import type { Witness } from "./upstream/exchange.ts";
import type { ResponseHead } from "./upstream/response-head.ts";

export type Observing = {
  readonly events: Pick<
    Events,
    "requestOver" | "toolCalled" | "streamOpened" | "streamClosed" | "replicaHeld" | "upstreamFailed"
  >;
  readonly tracing: Tracing | undefined;
};

export type Beginning = Pick<RequestSeen, "requestId" | "httpMethod" | "path" | "via">;

/** In which spans are measured, too. */
const now = () => performance.now();

/**
 * One request from its arrival to the last byte of its answer. A class whose fields are what is told of it in the end, since
 * there is one for each request and each open stream.
 */
export class Observation implements Seen, RequestSeen {
  readonly requestId: string;
  readonly via: RequestSeen["via"];
  readonly httpMethod: string;
  readonly path: string;
  place = "";
  method = "";
  tool: string | undefined;
  principal: string | undefined;
  replica: string | undefined;
  session: string | undefined;
  status = 0;
  rpcError: number | undefined;
  isToolError = false;
  end: RequestSeen["end"] = "complete";
  isStream = false;
  isLasting: boolean;
  durationMs = 0;
  gatewayMs: number | undefined;
  upstreamMs: number | undefined;
  heldMs: number | undefined;
  requestBytes = 0;
  answerBytes = 0;

  readonly #observing: Observing;
  readonly #outer: TraceSpan | undefined;
  readonly #arrivedMs = now();
  #admittedMs = this.#arrivedMs;
  #receivedMs = 0;
  #waitsMs = 0;
  #asksMs = 0;
  /** The answer was there, or of a stream its beginning. */
  #heardMs = 0;
  #progress: "coming" | "answered" | "over" = "coming";
  /** The answer's body is on its way. */
  #isAway = false;
  #isCounted = false;
  #speaksMcp = true;
  #scan: AnswerScan | undefined;
  #calls: Calling | undefined;
  #isRefused = false;
  /** Of these, only what a recorded span needs. */
  #span: TraceSpan | undefined;
  #asking: TraceSpan | undefined;
  #message: ReadMessage | undefined;

  constructor(observing: Observing, { requestId, via, httpMethod, path }: Beginning, outer?: TraceSpan) {
    this.#observing = observing;
    this.requestId = requestId;
    this.via = via;
    this.httpMethod = httpMethod;
    this.path = path;
    this.isLasting = httpMethod === "GET";
    this.#outer = outer;
  }

  get traceId(): string | undefined {
    return this.#span?.traceId;
  }

  admitted({ id }: Principal): void {
    this.principal = id;
    this.#admittedMs = now();
  }

  reached(place: string): void {
    this.place = place;
  }

  received(): void {
    this.#receivedMs = now();
  }

  read(message: ReadMessage): void {
    const { method, tool, text } = message;
    this.method = method;
    this.tool = tool;
    if (method === "subscriptions/listen") this.isLasting = true;
    if (text === null) return;
    this.requestBytes = Buffer.byteLength(text);
    // Without a message it is no MCP request.
    const { tracing } = this.#observing;
    if (!tracing) return;
    const name = tool === undefined ? method : `${method} ${tool}`;
    this.#span = this.#outer
      ? this.#outer.within(name, this.#arrivedMs)
      : tracing.serve(name, carrierOf(message), this.#arrivedMs);
    if (this.#span.isRecorded) this.#message = message;
  }

  inSession(name: string): void {
    this.session = name;
  }

  calls(calling: Calling, how: "passed-on" | "refused"): void {
    this.#calls = calling;
    this.#isRefused = how === "refused";
  }

  waits(): void {
    this.#waitsMs = now();
  }

  waited(outcome: "served" | "unready"): void {
    const untilMs = now();
    this.heldMs = (this.heldMs ?? 0) + untilMs - this.#waitsMs;
    this.#observing.events.replicaHeld(this.place, this.heldMs, outcome);
    this.#span?.part("wait for a replica", this.#waitsMs, untilMs);
  }

  asks<R extends { readonly headers: HeaderFields; readonly body: string | null }>(
    request: R,
    { name }: { readonly name: string },
  ): R {
    this.replica = name;
    this.#asksMs = now();
    if (!this.#span) return request;
    const message = this.#message;
    if (this.#span.isRecorded) this.#asking = this.#span.ask(this.method);
    // Of another trace, perhaps, or of none.
    if ("tracestate" in request.headers) delete request.headers["tracestate"];
    (this.#asking ?? this.#span).propagate(request.headers);
    const { traceparent } = request.headers;
    if (!message || request.body === null || traceparent === undefined) return request;
    return { ...request, body: tracedBody(request.body, message.json, traceparent) };
  }

  within(path: string, httpMethod: string): Seen {
    const { requestId, principal } = this;
    const inner = new Observation(this.#observing, { requestId, via: "router", httpMethod, path }, this.#span);
    inner.principal = principal;
    return inner;
  }

  runs(tool: string): void {
    this.place = this.path;
    this.method = "tools/call";
    this.tool = tool;
    this.#speaksMcp = false;
    this.#span = this.#outer?.within(`tools/call ${tool}`);
  }

  ran(outcome: "ok" | "error"): void {
    this.isToolError = outcome === "error";
    this.answered({ status: 200 });
  }

  sent(): void {}

  began(head: ResponseHead): void {
    this.hears(fieldOf(head, "content-type"));
  }

  hears(contentType: string | undefined): void {
    this.#isAway = true;
    this.end = "complete";
    this.#heardMs = now();
    this.isStream = contentType?.startsWith("text/event-stream") ?? false;
    // What a server tells of itself on such a stream is no answer to the request.
    if (!this.isLasting && this.#speaksMcp) this.#scan = answerScan(contentType);
  }

  saw(piece: Uint8Array): void {
    this.answerBytes += piece.length;
    this.#scan?.saw(piece);
  }

  ended(end: Parameters<Witness["ended"]>[0]): void {
    this.#isAway = false;
    if (end.state === "abandoned") this.end = "left";
    if (end.state === "broken") this.end = "broken";
    if (this.#asking) this.#endAsking(this.#asking, end.state === "complete" ? undefined : end.state);
    if (this.#progress === "coming") {
      this.#heardMs = now();
      return;
    }
    const { requestId, place, replica = "" } = this;
    if (end.state === "broken") {
      this.#observing.events.upstreamFailed({ requestId, adapter: place, replica, reason: end.reason });
    }
    this.#over();
  }

  #endAsking(asking: TraceSpan, failure: string | undefined): void {
    asking.end(() => (this.#speaksMcp ? { "mcp.method.name": this.method } : {}), failure);
    this.#asking = undefined;
  }

  answered({ status }: Pick<Response, "status">): void {
    this.status = status;
    if (status === abandoned) this.end = "left";
    if (this.#asksMs > 0) this.upstreamMs = this.#heardMs - this.#asksMs;
    const bodyMs = this.#receivedMs > 0 ? this.#receivedMs - this.#admittedMs : 0;
    this.gatewayMs = now() - this.#arrivedMs - bodyMs - (this.upstreamMs ?? 0) - (this.heldMs ?? 0);
    this.#progress = "answered";
    if (!this.#isAway) {
      this.#over();
      return;
    }
    this.#isCounted = this.isStream;
    if (this.#isCounted) this.#observing.events.streamOpened(this.place);
  }

  #over(): void {
    if (this.#progress === "over") return;
    this.#progress = "over";
    const { events } = this.#observing;
    const failure = this.#failure();
    if (typeof failure === "number") this.rpcError = failure;
    else if (failure !== undefined) this.isToolError = true;
    this.durationMs = now() - this.#arrivedMs;
    if (this.#isCounted) events.streamClosed(this.place);
    events.requestOver(this);
    if (this.#calls) for (const call of toolCallsOf(this.#calls, this.#outcome())) events.toolCalled(call);
    if (this.#span?.isRecorded) this.#endSpan(this.#span, errorTypeOf(this.status, failure));
  }

  #failure(): AnswerFailure | undefined {
    if (this.#isRefused) return invalidParams;
    return this.isToolError ? "tool_error" : this.#scan?.failure();
  }

  #outcome(): CallEnd {
    const { status, durationMs, end, rpcError, isToolError } = this;
    const isFailed = status >= 500 || end !== "complete" || isToolError || rpcError !== undefined;
    const outcome = this.#isRefused ? "refused" : isFailed ? "error" : status >= 400 ? "refused" : "ok";
    return { outcome, status, durationMs };
  }

  #endSpan(span: TraceSpan, failure: string | undefined): void {
    if (this.via === "client") span.part("authenticate", this.#arrivedMs, this.#admittedMs);
    if (this.#asksMs > 0) span.part("route", this.#receivedMs, this.#asksMs - (this.heldMs ?? 0));
    const { method, tool, session, status, rpcError, replica } = this;
    const revision = this.#message?.headers["mcp-protocol-version"] ?? null;
    span.end(
      () => ({
        ...requestAttributes({ method, tool, revision, session }),
        ...answerAttributes(status, rpcError),
        "mcp_gateway.place": this.place,
        "mcp_gateway.request.id": this.requestId,
        ...(replica !== undefined && { "mcp_gateway.replica": replica }),
      }),
      this.end === "broken" ? "broken" : failure,
    );
  }
}

/** Nobody has read the answer (nginx's 499). */
const abandoned = 499;
/** JSON-RPC's, in the answer to a tool that may not be called. */
const invalidParams = -32602;

/** What the sender says of its trace: in the message, where MCP has a place for it, or else in the headers. */
function carrierOf({ json, headers }: ReadMessage): TraceCarrier {
  const meta = metaIn(json);
  return typeof meta?.["traceparent"] === "string" ? meta : headers;
}
