import type { Definition } from "../../gateway/observe/metrics/cells.ts";
import { gateway, gatewayProcess, guard, injector } from "./metrics.ts";
import { groups } from "./rules.ts";

const madeBy = "Made by `npm run emit` (k8s/monitoring/emit.ts): change the tables in the code, not this page.";

/** All that is counted, program by program. */
export function metricsDocument(): string {
  return `# Metrics

${madeBy}

| program  | where                                                                                        |
| -------- | -------------------------------------------------------------------------------------------- |
| gateway  | \`/metrics\` on \`METRICS_PORT\`; where that is not set, on the gateway's own port, for loopback |
| guard    | \`/metrics\` on port 15020 of adapters' pods                                                   |
| injector | \`/metrics\` on port 8080                                                                      |

As text or as OpenMetrics, as \`Accept\` asks for. Of a histogram there are \`_bucket\`, \`_sum\` and \`_count\`. Labels hold few values:
where there is no room for another one it is \`other\`.

## Gateway

${table(unique([...Object.values(gateway), ...gatewayProcess.all]))}

## Guard

Prometheus adds \`adapter\`, from the pod's label (k8s/components/monitoring).

${table(guard.all)}

## Injector

${table(injector.all)}
`;
}

/** What is alerted on, and what to do then. */
export function alertsDocument(): string {
  const sections = groups
    .flatMap(({ alerts = [] }) => alerts)
    .map(
      ({ name, severity, summary, description, runbook, lasting, when }) => `## ${name}

**${severity}**${lasting ? `, after ${lasting}` : ""}: ${plain(summary)}.

${plain(description)}

${plain(runbook)}

    ${when.text}
`,
    );
  return `# Alerts

${madeBy} \`NAMESPACE\`, \`ADAPTER\` and the like stand for what an alert names.

${sections.join("\n")}`;
}

function table(metrics: readonly Definition[]): string {
  const lines = metrics.map(
    ({ name, kind, labels, help }) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`,
  );
  return ["| name | kind | labels | |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

function unique(metrics: readonly Definition[]): Definition[] {
  return [...new Map(metrics.map((metric) => [metric.name, metric])).values()];
}

/** Without Prometheus' templates. */
function plain(words: string): string {
  return words
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => label.toUpperCase())
    .replace(/\{\{ \$value[^}]*\}\}/g, "N");
}
