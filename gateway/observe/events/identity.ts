import type Registry from "prom-client/lib/registry.js";
import { cells } from "../metrics/cells.ts";
import { identityDefinitions as definitions } from "../definitions/identity.ts";
import type { Log } from "../logs/log.ts";

/** What happens to tokens and keys. Reasons and issuers are few: they are ours, or the settings'. */
export function identityEvents(log: Log, registry: Registry) {
  const verifications = cells(registry, definitions.tokenVerifications);
  const lookups = cells(registry, definitions.tokenCacheLookups);
  const [hits, misses] = [lookups.of("hit"), lookups.of("miss")];
  const readings = cells(registry, definitions.issuerKeyReadings);
  const assertions = cells(registry, definitions.guardAssertions);
  const [signed, cached] = [assertions.of("signed"), assertions.of("cached")];
  const publications = cells(registry, definitions.guardKeyPublications);

  return {
    tokenLookedUp: (result: "hit" | "miss") => {
      if (result === "hit") hits.value++;
      else misses.value++;
    },
    tokenExamined: ({ result, reason }: { result: "verified" | "refused" | "unavailable"; reason?: string }) =>
      void verifications.of(result, reason ?? "none").value++,
    issuerAsked: ({ issuer, result }: { issuer: string; result: "read" | "failed" }) =>
      void readings.of(issuer, result).value++,
    issuerKeysRead: (what: { issuer: string; keys: number }) => log.debug(what, "issuer's keys read"),
    issuerKeysUnreadable: (what: { issuer: string; reason: string; kept: number }) =>
      log.warn(what, "issuer's keys cannot be read, those known stay in use"),

    assertionMade: (source: "signed" | "cached") => {
      if (source === "cached") cached.value++;
      else signed.value++;
    },
    guardKeysPublished: (what: { keys: number }) => {
      publications.of("published").value++;
      log.info(what, "keys published to guards");
    },
    guardKeyChanged: (what: { signing: string }) => log.info(what, "guards know this key, signs with it from now on"),
    guardKeysNotPublished: (reason: string) => {
      publications.of("failed").value++;
      log.error({ reason }, "keys not published to guards, those they know stay in use");
    },
  };
}
