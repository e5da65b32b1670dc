import type { Definition } from "../metrics/cells.ts";

const delays = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The process itself. */
export const processDefinitions = {
  workers: {
    kind: "gauge",
    name: "mcp_gateway_workers",
    help: "Processes that share the port and take requests; absent where one process is the gateway.",
    labels: [],
  },
  workerEnds: {
    kind: "counter",
    name: "mcp_gateway_worker_ends_total",
    help: "Processes that shared the port and ended while the gateway went on, by how: asked (by SIGTERM) or crashed.",
    labels: ["how"],
  },
  settingsFiles: {
    kind: "counter",
    name: "mcp_gateway_settings_file_changes_total",
    help: "Changes of files that settings are in, by setting and result: taken, or unusable (what was there before stays in force).",
    labels: ["setting", "result"],
  },
  spansDropped: {
    kind: "counter",
    name: "mcp_gateway_spans_dropped_total",
    help: "Spans of traces that were given up, since too many waited or nobody took them.",
    labels: [],
  },
  logLinesDropped: {
    kind: "counter",
    name: "mcp_gateway_log_lines_dropped_total",
    help: "Log lines that were given up, since too many waited to be written.",
    labels: [],
  },
  eventLoopDelay: {
    kind: "histogram",
    name: "mcp_gateway_event_loop_delay_seconds",
    help: "How late a timer that is due ten times a second came: for so long the process did nothing else.",
    labels: [],
    buckets: delays,
  },
  heapUsed: {
    kind: "gauge",
    name: "mcp_gateway_heap_used_bytes",
    help: "Memory that JavaScript objects hold, buffers and WebAssembly included, as of the last garbage collection.",
    labels: [],
    together: "sum",
  },
  heapTotal: {
    kind: "gauge",
    name: "mcp_gateway_heap_total_bytes",
    help: "Memory that is set aside for JavaScript objects themselves, without buffers and WebAssembly.",
    labels: [],
    together: "sum",
  },
  openFds: {
    kind: "gauge",
    name: "process_open_fds",
    help: "Number of open file descriptors; on Linux.",
    labels: [],
    together: "sum",
  },
  maxFds: {
    kind: "gauge",
    name: "process_max_fds",
    help: "Maximum number of open file descriptors; on Linux.",
    labels: [],
    together: "sum",
  },
  runtimeInfo: {
    kind: "gauge",
    name: "mcp_gateway_runtime_info",
    help: "What runs the gateway's code, and its version; the value is always 1.",
    labels: ["name", "version"],
  },
} as const satisfies Record<string, Definition>;
