import type { Definition } from "../metrics/cells.ts";

const work = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The store, its feed of changes and the audit trail. */
export const storeDefinitions = {
  storeDuration: {
    kind: "histogram",
    name: "mcp_gateway_store_operation_duration_seconds",
    help: "Time until the store answered, by operation and result: ok, conflict (somebody else was faster), unavailable or failed.",
    labels: ["operation", "result"],
    buckets: work,
  },
  storeUp: {
    kind: "gauge",
    name: "mcp_gateway_store_up",
    help: "1 if the store answered when it was last asked, which is every few seconds.",
    labels: [],
    together: "min",
  },
  changeFeedAge: {
    kind: "gauge",
    name: "mcp_gateway_change_feed_age_seconds",
    help: "Time since the feed of changes was last known to work: news may be as late as this. 0 where the store is in this process.",
    labels: [],
  },
  changeFeedFailures: {
    kind: "counter",
    name: "mcp_gateway_change_feed_failures_total",
    help: "Failures to hear of changes or to read what has changed; each is made good later.",
    labels: [],
  },
  viewLag: {
    kind: "gauge",
    name: "mcp_gateway_view_lag_seconds",
    help: "How long the oldest change that this gateway has heard of has been waiting to be read; 0 if there is none.",
    labels: [],
  },
  auditWaiting: {
    kind: "gauge",
    name: "mcp_gateway_audit_entries_waiting",
    help: "Tool calls that are not in the audit trail yet.",
    labels: [],
    together: "sum",
  },
  auditWritten: {
    kind: "counter",
    name: "mcp_gateway_audit_entries_written_total",
    help: "Tool calls that were written to the audit trail.",
    labels: [],
  },
  auditLost: {
    kind: "counter",
    name: "mcp_gateway_audit_entries_lost_total",
    help: "Tool calls that will never be in the audit trail.",
    labels: [],
  },
  auditWriteFailures: {
    kind: "counter",
    name: "mcp_gateway_audit_write_failures_total",
    help: "Attempts to write to the audit trail that failed.",
    labels: [],
  },
  auditPurged: {
    kind: "counter",
    name: "mcp_gateway_audit_entries_purged_total",
    help: "Entries of the audit trail that were removed because of their age.",
    labels: [],
  },
  auditPurgeFailures: {
    kind: "counter",
    name: "mcp_gateway_audit_purge_failures_total",
    help: "Attempts to remove old entries of the audit trail that failed.",
    labels: [],
  },
} as const satisfies Record<string, Definition>;
