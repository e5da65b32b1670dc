import type { Definition } from "../metrics/cells.ts";

/** Who calls, and what replicas know of it. */
export const identityDefinitions = {
  tokenVerifications: {
    kind: "counter",
    name: "mcp_gateway_token_verifications_total",
    help: "Tokens that were new and were examined, by result (verified, refused, or unavailable: its issuer cannot be asked for the key) and why a token was refused (none if it was not).",
    labels: ["result", "reason"],
  },
  tokenCacheLookups: {
    kind: "counter",
    name: "mcp_gateway_token_cache_lookups_total",
    help: "Requests with a token, by whether it had been verified before: hit or miss.",
    labels: ["result"],
  },
  tokenCacheEntries: {
    kind: "gauge",
    name: "mcp_gateway_token_cache_entries",
    help: "Verified tokens that are remembered.",
    labels: [],
    together: "sum",
  },
  issuerKeyReadings: {
    kind: "counter",
    name: "mcp_gateway_issuer_key_readings_total",
    help: "Readings of an identity provider's signing keys, by result: read or failed.",
    labels: ["issuer", "result"],
  },
  issuerKeys: {
    kind: "gauge",
    name: "mcp_gateway_issuer_keys",
    help: "Signing keys that are known of an identity provider.",
    labels: ["issuer"],
  },
  issuerKeysAge: {
    kind: "gauge",
    name: "mcp_gateway_issuer_keys_age_seconds",
    help: "Time since an identity provider's signing keys were last read; absent until they were.",
    labels: ["issuer"],
  },
  guardAssertions: {
    kind: "counter",
    name: "mcp_gateway_guard_assertions_total",
    help: "Assertions to guards, by source: signed, or cached (signed for an earlier request).",
    labels: ["source"],
  },
  guardKeyPublications: {
    kind: "counter",
    name: "mcp_gateway_guard_key_publications_total",
    help: "Attempts to publish the keys that guards know the gateway by, by result: published or failed.",
    labels: ["result"],
  },
  guardKeys: {
    kind: "gauge",
    name: "mcp_gateway_guard_keys",
    help: "Keys that are published to guards; absent where there are no guards.",
    labels: [],
  },
  guardSigningKeyAge: {
    kind: "gauge",
    name: "mcp_gateway_guard_signing_key_age_seconds",
    help: "Time since the key that assertions are signed with was published; absent until it is.",
    labels: [],
  },
} as const satisfies Record<string, Definition>;
