import type { Registry } from "prom-client";
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import type { GuardFailure } from "../../gateway/assertion/assertion.ts";
import { firstValues, other, rpcErrorLabel, statusLabel } from "../../gateway/observe/metrics/label-values.ts";
import { methodLabel } from "../../gateway/observe/requests/mcp-methods.ts";
import type { Call } from "./call.ts";
import { type RefusalReason, refusalReasons } from "./refusal.ts";

/** What a request's figures are kept under: few values, whatever callers and the server send. */
export type Labels = { readonly method: string; readonly tool: string };

export type Outcome = {
  readonly status: number;
  /** The code of a JSON-RPC error. */
  readonly rpcError: number | undefined;
  /** Undefined for what lasts as long as the client likes. */
  readonly seconds: number | undefined;
  readonly requestBytes: number;
  readonly answerBytes: number;
};

export type Metrics = ReturnType<typeof guardMetrics>;

const maxTools = 100;
/** Of the counter with the most labels: a server that answers with every status cannot fill the guard's memory. */
const maxSeries = 2000;
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** `keys`, `sessions` and `streams` are asked when somebody fetches the figures. */
export function guardMetrics(
  registry: Registry,
  now: { keys: () => number; sessions: () => number; streams: () => number },
) {
  const registers = [registry];
  const toolLabel = firstValues(maxTools);
  const series = firstValues(maxSeries, 256);
  const requests = new Counter({
    name: "mcp_guard_requests_total",
    help: "Requests that came from the gateway and are over, by MCP method, tool, HTTP status and JSON-RPC error.",
    labelNames: ["method", "tool", "status", "rpc_error"],
    registers,
  });
  const durations = new Histogram({
    name: "mcp_guard_request_duration_seconds",
    help: "Time until a request's answer was complete; streams that last are left out.",
    labelNames: ["method", "tool"],
    buckets,
    registers,
  });
  const requestBytes = new Counter({
    name: "mcp_guard_request_bytes_total",
    help: "Bytes of request bodies that went to the MCP server.",
    registers,
  });
  const answerBytes = new Counter({
    name: "mcp_guard_response_bytes_total",
    help: "Bytes of response bodies that came from the MCP server.",
    registers,
  });
  const refusals = new Counter({
    name: "mcp_guard_refused_total",
    help: "Requests that were not let in, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const failures = new Counter({
    name: "mcp_guard_upstream_failures_total",
    help: "Requests without a whole answer: the MCP server was not reached (refused) or broke off (broken).",
    labelNames: ["failure"],
    registers,
  });
  const spans = new Counter({
    name: "mcp_guard_spans_dropped_total",
    help: "Spans that no collector has taken.",
    registers,
  });
  gauge("mcp_guard_keys", "Keys of the gateway that are known.", now.keys);
  gauge("mcp_guard_active_sessions", "MCP sessions in use.", now.sessions);
  gauge("mcp_guard_open_streams", "Event streams under way.", now.streams);
  for (const reason of refusalReasons) refusals.inc({ reason }, 0);
  for (const failure of ["refused", "broken"] satisfies GuardFailure[]) failures.inc({ failure }, 0);

  return {
    labelsOf: ({ method, tool }: Call): Labels => ({
      method: methodLabel(method),
      tool: tool === undefined ? "" : toolLabel(tool),
    }),
    over({ method, tool }: Labels, outcome: Outcome): void {
      const status = statusLabel(outcome.status);
      const rpc_error = rpcErrorLabel(outcome.rpcError);
      const isKept = series(`${method} ${tool} ${status} ${rpc_error}`) !== other;
      requests.inc(
        isKept ? { method, tool, status, rpc_error } : { method, tool: other, status: other, rpc_error: other },
      );
      if (outcome.seconds !== undefined) durations.observe({ method, tool }, outcome.seconds);
      requestBytes.inc(outcome.requestBytes);
      answerBytes.inc(outcome.answerBytes);
    },
    refused: (reason: RefusalReason) => refusals.inc({ reason }),
    failed: (failure: GuardFailure) => failures.inc({ failure }),
    spansDropped: (count: number) => spans.inc(count),
  };

  function gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}
