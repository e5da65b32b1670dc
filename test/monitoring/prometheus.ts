import { join } from "node:path";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";

/** What is scraped: an address with its path, and the labels that a cluster's service discovery would give it. */
export type Target = { readonly url: string; readonly labels: Readonly<Record<string, string>> };
export type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };
type Rule = { readonly name: string; readonly health: string; readonly lastError?: string };

export type Prometheus = AsyncDisposable & {
  /** The series of an expression now. Throws what Prometheus says of one that it cannot evaluate. */
  query(expression: string): Promise<readonly Sample[]>;
  /** Those that have been evaluated at least once. */
  rules(): Promise<readonly Rule[]>;
  /** What was scraped without a complaint. */
  scraped(): Promise<readonly string[]>;
};

export const prometheusProgram = Bun.which("prometheus");

/** A real Prometheus that scrapes these every second, and evaluates these rules as often. */
export async function startPrometheus(options: { targets: readonly Target[]; rules: string }): Promise<Prometheus> {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryDirectory());
  await Bun.write(join(path, "rules.yaml"), options.rules);
  await Bun.write(join(path, "prometheus.yaml"), JSON.stringify(configOf(options.targets)));
  const child = Bun.spawn(
    [
      "prometheus",
      `--config.file=${join(path, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(path, "data")}`,
      "--web.listen-address=127.0.0.1:0",
      "--log.format=json",
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  opening.defer(async () => {
    child.kill();
    await child.exited;
  });
  let log = "";
  void read();
  const address = await until("Prometheus listens", () => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${log}`);
    return /"address":"(127\.0\.0\.1:[1-9]\d*)"/.exec(log)?.[1];
  });
  await until("Prometheus is ready", async () => (await fetch(`http://${address}/-/ready`)).ok);
  const opened = opening.move();
  return {
    async query(expression) {
      const body = new URLSearchParams({ query: expression });
      const answer = (await (await fetch(`http://${address}/api/v1/query`, { method: "POST", body })).json()) as {
        status: string;
        error?: string;
        data?: { result: Sample[] };
      };
      if (!answer.data) throw new Error(`${answer.error}: ${expression}`);
      return answer.data.result;
    },
    async rules() {
      const { data } = await ask<{ groups: { rules: (Rule & { lastEvaluation: string })[] }[] }>("rules");
      const all = data.groups.flatMap(({ rules }) => rules);
      return all.filter(({ lastEvaluation }) => !lastEvaluation.startsWith("0001"));
    },
    async scraped() {
      const { data } = await ask<{ activeTargets: { scrapeUrl: string; health: string }[] }>("targets");
      return data.activeTargets.filter(({ health }) => health === "up").map(({ scrapeUrl }) => scrapeUrl);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };

  async function ask<Data>(what: string): Promise<{ data: Data }> {
    return (await (await fetch(`http://${address}/api/v1/${what}`)).json()) as { data: Data };
  }

  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of child.stderr) log += decoder.decode(bytes, { stream: true });
  }
}

function configOf(targets: readonly Target[]) {
  const scrapes = targets.map(({ url, labels: { job, ...labels } }, at) => {
    const { host, pathname } = new URL(url);
    return {
      job_name: `${job}-${at}`,
      metrics_path: pathname,
      static_configs: [{ targets: [host], labels }],
      relabel_configs: [{ target_label: "job", replacement: job }],
    };
  });
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.yaml"],
    scrape_configs: scrapes,
  };
}
