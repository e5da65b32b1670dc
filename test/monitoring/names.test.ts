import { expect, test } from "bun:test";
import { Environment } from "../../gateway/config/environment.ts";
import { dashboards } from "../../k8s/monitoring/dashboards.ts";
import { queriesOf } from "../../k8s/monitoring/panels.ts";
import { groups } from "../../k8s/monitoring/rules.ts";

const project = `${import.meta.dir}/../..`;
const alerts = groups.flatMap(({ alerts = [] }) => alerts);
const recordings = groups.flatMap(({ recordings = [] }) => recordings);
const panels = dashboards.flatMap(({ rows }) => rows.flatMap(({ panels }) => [...panels]));

/** Labels whose values are others': Prometheus', the cluster's, HTTP's. */
const ofOthers = ["namespace", "adapter", "job", "container", "resource", "alertname", "alertstate", "status"];

test("what expressions ask labels for, programs write", async () => {
  const words = await wordsOfPrograms();
  const expressions = [
    ...alerts.map(({ when }) => when.text),
    ...recordings.map(({ of }) => of.text),
    ...panels.flatMap((panel) => queriesOf(panel).map(({ of }) => of.text)),
  ];
  const asked = expressions.flatMap((text) =>
    [...text.matchAll(/(\w+)(?:=~|!~|!=|=)"([^"]+)"/g)]
      .filter(([, label = ""]) => !ofOthers.includes(label))
      .flatMap(([, , values = ""]) => values.split("|")),
  );
  expect(asked).toContain("replica-gone");
  expect([...new Set(asked)].filter((value) => !words.has(value))).toEqual([]);
});

test("the log lines that runbooks look for are written", async () => {
  const written = [...(await wordsOfPrograms())];
  // Of Kubernetes, and pino's numbers of levels.
  const others = ["Terminating", '"level":(40|50)'];
  const named = alerts.flatMap(({ runbook, description }) =>
    [...`${runbook} ${description}`.matchAll(/(?:grep(?: -[Ei])?|lines?) (?:'([^']+)'|(\w+))(?=[ :,.])/g)]
      .filter(([whole]) => whole.includes("grep") || whole.includes("'"))
      .map(([, quoted, word]) => quoted ?? word ?? ""),
  );
  expect(named).toContain("replica ended by itself");
  const unknown = named
    .filter((text) => !others.includes(text))
    .filter((text) => !written.some((word) => word.includes(text.replaceAll('"', ""))));
  expect(unknown).toEqual([]);
});

test("the settings that runbooks name are the gateway's", () => {
  const named = alerts.flatMap(({ runbook, description }) => `${runbook} ${description}`.match(settings) ?? []);
  expect(named).toContain("HOLD_SECONDS");
  expect([...new Set(named)].filter((name) => !(name in Environment.shape))).toEqual([]);
});

const settings = /\b[A-Z]+(?:_[A-Z]+)+\b/g;

/** Texts and names in the code of gateways, guards and injectors. */
async function wordsOfPrograms(): Promise<ReadonlySet<string>> {
  const words = new Set<string>();
  for (const file of new Bun.Glob("{gateway,injector}/**/*.ts").scanSync(project)) {
    const text = await Bun.file(`${project}/${file}`).text();
    for (const [, quoted, key] of text.matchAll(/"((?:[^"\\\n]|\\.)+)"|\b(\w+):/g)) words.add(quoted ?? key ?? "");
  }
  return words;
}
