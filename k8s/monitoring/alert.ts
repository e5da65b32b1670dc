import type { Vector } from "./promql.ts";

/** `critical`: somebody should look now. `warning`: today. `info`: worth knowing when something else is looked into. */
export type Severity = "critical" | "warning" | "info";

/** Words may name labels of the series as `{{ $labels.adapter }}`, and its value as `{{ $value }}`. */
export type Alert = {
  readonly name: `Mcp${string}`;
  readonly severity: Severity;
  readonly when: Vector;
  /** How long it has to be so; at once if undefined. */
  readonly lasting?: `${number}m`;
  readonly summary: string;
  /** What it means for those who use the gateway. */
  readonly description: string;
  /** What to look at first, and what to do. */
  readonly runbook: string;
};

/** What Prometheus keeps under a name of its own, since several rules need it or it is costly. */
export type Recording = { readonly name: string; readonly of: Vector };

export type Group = {
  readonly name: string;
  readonly recordings?: readonly Recording[];
  readonly alerts?: readonly Alert[];
};

/** A recording, to be used in an expression. */
export function recorded<Label extends string>({ name, of }: { name: string; of: Vector<Label> }): Vector<Label> {
  return { text: name, labels: of.labels, metrics: of.metrics };
}

/** A group as a Prometheus rules file has it. Throws where words name a label that the series do not have. */
export function ruleGroup({ name, recordings = [], alerts = [] }: Group) {
  return {
    name,
    rules: [
      ...recordings.map((recording) => ({ record: recording.name, expr: recording.of.text })),
      ...alerts.map(alertRule),
    ],
  };
}

function alertRule({ name, severity, when, lasting, summary, description, runbook }: Alert) {
  for (const words of [summary, description, runbook]) {
    for (const [, label = ""] of words.matchAll(/\$labels\.(\w+)/g)) {
      if (!when.labels.includes(label)) throw new Error(`${name}: its series have no label ${label}`);
    }
  }
  return {
    alert: name,
    expr: when.text,
    ...(lasting && { for: lasting }),
    labels: { severity },
    annotations: { summary, description, runbook },
  };
}
