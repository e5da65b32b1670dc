import { describe, expect, test } from "bun:test";
import { groups, rulesFile } from "../../k8s/monitoring/rules.ts";
import { healthy, ofGateway, steady } from "./healthy.ts";
import { checkRules, promtool, testRules, testWords } from "./promtool.ts";
import { scenarios } from "./scenarios.ts";

const rules = JSON.stringify(rulesFile());
const alerts = groups.flatMap(({ alerts = [] }) => alerts);

if (promtool === null) console.warn("SKIPPED, alerts in promtool: it is not installed (Debian: prometheus)");

describe.if(promtool !== null)("in promtool", () => {
  test("it takes all rules", async () => {
    const { content, said } = await checkRules(rules);
    expect(said).toContain("SUCCESS: 51 rules found");
    expect(content).toBe(true);
  });

  test.each([...scenarios])("$name: of all alerts these fire: $firing", async (scenario) => {
    expect(await testRules(rules, scenario)).toBe("");
  });

  test("an alert says what it is about, and what to do", async () => {
    const series = {
      ...healthy,
      [ofGateway("mcp_gateway_audit_entries_waiting")]: steady(2500),
    };
    const said = await testWords(
      rules,
      { series, at: "60m" },
      {
        name: "McpAuditWaiting",
        labels: { namespace: "adapter", pod: "gateway-a", severity: "warning" },
        annotations: {
          summary: "2500 audit entries wait in gateway-a",
          description:
            "They are in memory only. From 10,000 on the oldest are lost, and all of them if the gateway is killed.",
          runbook:
            "Is the database well (its own monitoring, free connections, disk)? From the gateways' side: kubectl -n adapter logs -l app.kubernetes.io/name=mcp-gateway --tail=-1 | grep -i database. Do not restart the gateway before it has written them.",
        },
      },
    );
    expect(said).toBe("");
  });
});

test("each alert is seen to fire", () => {
  const seen = new Set<string>(scenarios.flatMap(({ firing }) => firing));
  expect([...seen].toSorted()).toEqual(alerts.map(({ name }) => name).toSorted());
});

test("no two alerts or recordings have one name", () => {
  const names = groups.flatMap(({ alerts = [], recordings = [] }) =>
    [...alerts, ...recordings].map(({ name }) => name),
  );
  expect(new Set(names).size).toBe(names.length);
});

test("a runbook tells of something to look at, in whole sentences", () => {
  for (const { name, runbook, description, summary } of alerts) {
    expect({ name, isLong: runbook.length > 100 }).toEqual({ name, isLong: true });
    for (const words of [description, runbook]) expect(words).toMatch(/[.?)]$/);
    expect(summary).not.toMatch(/\.$/);
  }
});
