import { gateway } from "../metrics.ts";
import { graph, type Row } from "../panels.ts";
import { max, min, now, rate, share, sum } from "../promql.ts";
import { here } from "./scope.ts";

const lookups = sum(rate(gateway.tokenCacheLookups, here));
const hits = sum(rate(gateway.tokenCacheLookups, { ...here, result: '="hit"' }));

export const identity: Row = {
  title: "Identity",
  panels: [
    graph("Front door", "reqps", [{ of: sum(rate(gateway.auth, here), "reason"), as: "{{reason}}" }], {
      stacked: true,
    }),
    graph("New tokens", "ops", [
      { of: sum(rate(gateway.tokenVerifications, here), "result", "reason"), as: "{{result}} {{reason}}" },
    ]),
    graph("Tokens that were known", "percentunit", [{ of: share(hits, lookups), as: "hits" }], {
      about: "Each other one costs the check of a signature.",
      max: 1,
    }),
    graph("Remembered tokens", "short", [{ of: now(gateway.tokenCacheEntries, here), as: "{{pod}} {{instance}}" }]),
    graph("Known keys of identity providers", "short", [
      { of: min(now(gateway.issuerKeys, here), "issuer"), as: "{{issuer}}" },
    ]),
    graph(
      "Age of identity providers' keys",
      "s",
      [{ of: max(now(gateway.issuerKeysAge, here), "issuer"), as: "{{issuer}}" }],
      { about: "Read again every few minutes; while that fails, those that are known stay in use." },
    ),
    graph("Readings of identity providers' keys", "ops", [
      { of: sum(rate(gateway.issuerKeyReadings, here), "issuer", "result"), as: "{{issuer}} {{result}}" },
    ]),
  ],
};
