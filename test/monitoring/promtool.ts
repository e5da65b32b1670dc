import { join } from "node:path";
import { temporaryDirectory } from "../support/process.ts";

/** Values of series, as promtool writes them: `1+2x100` is a hundred more, each by 2. Minute by minute. */
export type Series = Readonly<Record<string, string>>;

export type Scenario = {
  readonly name: string;
  readonly series: Series;
  /** When to look, such as `60m`. */
  readonly at: string;
  /** Those that fire then, and no others. */
  readonly firing: readonly string[];
};

export const promtool = Bun.which("promtool");

/** What promtool says of a rules file as text, and whether it is content with it. */
export async function checkRules(rules: string): Promise<{ content: boolean; said: string }> {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "rules.yaml");
  await Bun.write(file, rules);
  return await run(["check", "rules", file]);
}

/** The same of a configuration that names `rules.yaml` beside it. */
export async function checkConfig(config: string, rules: string): Promise<{ content: boolean; said: string }> {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "prometheus.yaml");
  await Bun.write(file, config);
  await Bun.write(join(directory.path, "rules.yaml"), rules);
  return await run(["check", "config", file]);
}

/** What comes out otherwise, in promtool's words; empty if all is as expected. */
export async function testRules(rules: string, { series, at, firing }: Scenario): Promise<string> {
  const samples = firing.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 }));
  const expr = 'group by (alertname) (ALERTS{alertstate="firing"})';
  const { content, said } = await unitTest(rules, {
    ...inputOf(series),
    promql_expr_test: [{ expr, eval_time: at, exp_samples: samples }],
  });
  return content ? "" : said;
}

/** An alert's labels and annotations, as people get them. */
export async function testWords(
  rules: string,
  { series, at }: Pick<Scenario, "series" | "at">,
  alert: { name: string; labels: object; annotations: object },
): Promise<string> {
  const expected = { exp_labels: alert.labels, exp_annotations: alert.annotations };
  const { content, said } = await unitTest(rules, {
    ...inputOf(series),
    alert_rule_test: [{ eval_time: at, alertname: alert.name, exp_alerts: [expected] }],
  });
  return content ? "" : said;
}

async function unitTest(rules: string, test: object) {
  await using directory = await temporaryDirectory();
  await Bun.write(join(directory.path, "rules.yaml"), rules);
  const file = join(directory.path, "test.json");
  await Bun.write(file, JSON.stringify({ rule_files: ["rules.yaml"], evaluation_interval: "2m", tests: [test] }));
  return await run(["test", "rules", file]);
}

function inputOf(series: Series) {
  return { interval: "1m", input_series: Object.entries(series).map(([series, values]) => ({ series, values })) };
}

async function run(args: readonly string[]): Promise<{ content: boolean; said: string }> {
  const child = Bun.spawn(["promtool", ...args], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { content: code === 0, said: `${output}${errors}` };
}
