import type Registry from "prom-client/lib/registry.js";
import { type Cell, type Cells, cells, type HistogramCell, histogramCells } from "./cells.ts";
import { firstValues, provenValues, rpcErrorLabel, statusLabel } from "./label-values.ts";
import { methodLabel } from "../requests/mcp-methods.ts";
import type { RequestSeen } from "../requests/request-seen.ts";
import { trafficDefinitions as definitions } from "../definitions/traffic.ts";

/** Of one place. A name has its own figures from when a call by it went well. */
const maxTools = 100;
/** Why somebody was not let in: some twenty words of ours. */
const maxReasons = 50;

/** Figures of requests. What is found once is kept, so that a request costs additions and few looks into maps. */
export function trafficMetrics(registry: Registry) {
  const counter = (name: keyof typeof definitions) => cells(registry, definitions[name]);
  const histogram = (name: keyof typeof definitions) => histogramCells(registry, definitions[name]);
  const kinds = {
    requests: counter("requests"),
    durations: histogram("requestDuration"),
    overheads: histogram("overhead"),
    upstream: histogram("upstreamDuration"),
    requestBytes: counter("requestBytes"),
    answerBytes: counter("answerBytes"),
    streams: counter("openStreams"),
    toolCalls: counter("toolCalls"),
    sessionsOpened: counter("sessionsOpened"),
    sessionsClosed: counter("sessionsClosed"),
    sessionsLost: counter("sessionsLost"),
    holds: counter("holds"),
    upstreamFailures: counter("upstreamFailures"),
    limited: counter("limited"),
  };
  const held = histogram("holdDuration").of();
  const auth = counter("auth");
  const admitted = auth.of("ok");
  const reasonLabel = firstValues(maxReasons);
  const places = new Map<string, Place>();

  return {
    admitted: () => void admitted.value++,
    refused: (reason: string) => void auth.of(reasonLabel(reason)).value++,
    requestOver: (seen: RequestSeen) => at(seen.place).over(seen),
    toolCalled: (place: string, tool: string, outcome: string) => void at(place).calls(tool, outcome).value++,
    streams: (place: string, change: 1 | -1) => {
      at(place).streams.value += change;
    },
    sessionOpened: (place: string, replica: string) => void kinds.sessionsOpened.of(place, replica).value++,
    sessionClosed: (place: string) => void kinds.sessionsClosed.of(place).value++,
    sessionLost: (place: string, reason: string) => void kinds.sessionsLost.of(place, reason).value++,
    held(place: string, ms: number, outcome: "served" | "unready") {
      kinds.holds.of(place, outcome).value++;
      held.observe(ms / 1000);
    },
    upstreamFailed: (place: string, failure: "broken" | "unready") =>
      void kinds.upstreamFailures.of(place, failure).value++,
    limited: (place: string, what: string) => void kinds.limited.of(place, what).value++,
    /** An adapter, a tool or a virtual server is no more. */
    forget(place: string): void {
      places.delete(place);
      for (const kind of Object.values<Cells<unknown>>(kinds)) kind.forget("adapter", place);
    },
    forgetReplica: (replica: string) => kinds.sessionsOpened.forget("replica", replica),
  };

  function at(name: string): Place {
    const known = places.get(name);
    if (known) return known;
    const place = new Place(name, kinds);
    places.set(name, place);
    return place;
  }
}

type Kinds = {
  readonly [Name in "requests" | "requestBytes" | "answerBytes" | "streams" | "toolCalls"]: Cells<Cell>;
} & { readonly [Name in "durations" | "overheads" | "upstream"]: Cells<HistogramCell> };

/** An adapter, or what else answers. */
class Place {
  readonly streams: Cell;
  readonly #toolLabel = provenValues(maxTools);
  /** By tool, of calls that went well, which most are. */
  readonly #fine = new Map<string, Cell>();
  readonly #name: string;
  readonly #kinds: Kinds;
  readonly #upstream: HistogramCell;
  readonly #requestBytes: Cell;
  readonly #answerBytes: Cell;
  readonly #methods = new Map<string, Method>();

  constructor(name: string, kinds: Kinds) {
    this.#name = name;
    this.#kinds = kinds;
    this.streams = kinds.streams.of(name);
    this.#upstream = kinds.upstream.of(name);
    this.#requestBytes = kinds.requestBytes.of(name);
    this.#answerBytes = kinds.answerBytes.of(name);
  }

  over(seen: RequestSeen): void {
    const method = this.#method(methodLabel(seen.method));
    method.requests(seen).value++;
    if (!seen.isLasting) method.durations.observe(seen.durationMs / 1000);
    if (seen.gatewayMs !== undefined) method.overheads.observe(seen.gatewayMs / 1000);
    if (seen.upstreamMs !== undefined) this.#upstream.observe(seen.upstreamMs / 1000);
    this.#requestBytes.value += seen.requestBytes;
    this.#answerBytes.value += seen.answerBytes;
  }

  calls(tool: string, outcome: string): Cell {
    const known = outcome === "ok" ? this.#fine.get(tool) : undefined;
    if (known) return known;
    const label = this.#toolLabel(tool, outcome === "ok");
    const cell = this.#kinds.toolCalls.of(this.#name, label, outcome);
    if (outcome === "ok" && label === tool) this.#fine.set(tool, cell);
    return cell;
  }

  #method(label: string): Method {
    const known = this.#methods.get(label);
    if (known) return known;
    const method = new Method(this.#name, label, this.#kinds);
    this.#methods.set(label, method);
    return method;
  }
}

/** What one place is asked for. */
class Method {
  readonly durations: HistogramCell;
  readonly overheads: HistogramCell;
  readonly #place: string;
  readonly #label: string;
  readonly #kind: Cells<Cell>;
  /** By the status, of requests of clients without an error, which most are. */
  readonly #plain = new Map<number, Cell>();

  constructor(place: string, label: string, { requests, durations, overheads }: Kinds) {
    this.durations = durations.of(place, label);
    this.overheads = overheads.of(label);
    this.#place = place;
    this.#label = label;
    this.#kind = requests;
  }

  requests({ status, rpcError, via }: RequestSeen): Cell {
    const isPlain = via === "client" && rpcError === undefined;
    const known = isPlain ? this.#plain.get(status) : undefined;
    if (known) return known;
    const cell = this.#kind.of(this.#place, this.#label, statusLabel(status), rpcErrorLabel(rpcError), via);
    if (isPlain) this.#plain.set(status, cell);
    return cell;
  }
}
