import { fileURLToPath } from "node:url";
import { dashboards } from "./dashboards.ts";
import { alertsDocument, metricsDocument } from "./documents.ts";
import { grafanaDashboard } from "./grafana.ts";
import { prometheusRule, rulesFile } from "./rules.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const made = "# Made by k8s/monitoring/emit.ts.\n";

/** What is made from the tables of metrics, and kept: path in the project -> text, in the project's format. */
export async function emitted(): Promise<ReadonlyMap<string, string>> {
  const texts = [
    ...dashboards.map((each): Text => [
      `k8s/components/monitoring/dashboards/${each.uid}.json`,
      json(grafanaDashboard(each)),
    ]),
    ["k8s/components/monitoring/rules.yaml", yaml(prometheusRule())],
    ["k8s/examples/prometheus/rules.yaml", yaml(rulesFile())],
    ["k8s/monitoring/METRICS.md", metricsDocument()],
    ["k8s/monitoring/ALERTS.md", alertsDocument()],
  ] satisfies Text[];
  return new Map(await Promise.all(texts.map(async ([path, text]) => [path, await formatted(path, text)] as const)));
}

type Text = [path: string, text: string];

function json(value: object): string {
  return JSON.stringify(value);
}

function yaml(value: object): string {
  return `${made}${Bun.YAML.stringify(value, null, 2)}\n`;
}

async function formatted(path: string, text: string): Promise<string> {
  const child = Bun.spawn([process.execPath, "fmt", "--stdin-filepath", path], {
    cwd: project,
    stdin: Buffer.from(text),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${path} cannot be formatted: ${errors.slice(0, 4000)}`);
  return output;
}

if (import.meta.main) for (const [path, text] of await emitted()) await Bun.write(`${project}/${path}`, text);
