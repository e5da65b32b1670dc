import { parseArgs } from "node:util";
import { runSuite, type SuiteResult } from "./run-suite.ts";
import { type SuiteName, suiteNames } from "./suites.ts";

const usage = `Usage: bun test/conformance/run.ts --url URL [--suite NAME]... [--json]

Runs the official MCP conformance suites against the server at URL (http://127.0.0.1:PORT/...).
Exits 1 if a check failed. Suites: ${suiteNames.join(", ")}`;

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    suite: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const named = suiteNames.filter((name) => values.suite?.includes(name) ?? true);

if (values.help || values.url === undefined || named.length !== (values.suite ?? suiteNames).length) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}

const results: [SuiteName, SuiteResult][] = [];
for (const name of named) {
  if (!values.json) console.error(`${name} ...`);
  results.push([name, await runSuite(values.url, name)]);
}
console.log(values.json ? JSON.stringify(Object.fromEntries(results), null, 2) : tableOf(results));
process.exit(results.some(([, { failed }]) => failed > 0) ? 1 : 0);

function tableOf(results: [SuiteName, SuiteResult][]) {
  const rows = results.map(([suite, { passed, failed, scenarios, complaints }]) => ({
    suite,
    passed,
    failed,
    warned: complaints.filter(({ status }) => status === "WARNING").length,
    scenarios: Object.keys(scenarios).length,
  }));
  const complaints = results.flatMap(([suite, result]) =>
    result.complaints.map(
      ({ scenario, check, status, reason }) => `${suite}: ${scenario}: ${status} ${check}: ${reason}`,
    ),
  );
  return [Bun.inspect.table(rows).trimEnd(), ...complaints].join("\n");
}
