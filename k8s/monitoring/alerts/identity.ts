import type { Group } from "../alert.ts";
import { gateway } from "../metrics.ts";
import { and, max, min, now, over, rate, sum, when } from "../promql.ts";

const refused = sum(rate(gateway.auth, { reason: '!~"ok|no-token"' }, "5m"), "namespace");
const all = sum(rate(gateway.auth, {}, "5m"), "namespace");

const askIssuer =
  "From a gateway's pod or its network: curl {{ $labels.issuer }}/.well-known/openid-configuration and the jwks_uri in it. A proxy, a network policy or a firewall in between is the usual reason; the log lines 'issuer's keys cannot be read' say what came back.";

export const identity: Group = {
  name: "mcp-gateway-identity",
  alerts: [
    {
      name: "McpIssuerKeysUnknown",
      severity: "critical",
      when: when(min(now(gateway.issuerKeys), "namespace", "issuer"), "==", 0),
      lasting: "5m",
      summary: "No key of {{ $labels.issuer }} is known",
      description:
        "A gateway has never been able to read this identity provider's keys: nobody with its tokens gets in there.",
      runbook: askIssuer,
    },
    {
      name: "McpIssuerKeysOld",
      severity: "warning",
      when: when(max(now(gateway.issuerKeysAge), "namespace", "issuer"), ">", 3600),
      lasting: "5m",
      summary: "The keys of {{ $labels.issuer }} have not been read for {{ $value | humanizeDuration }}",
      description:
        "Those that are known stay in use, so nobody is refused yet. Tokens that are signed with a new key will be, and a withdrawn key is still believed.",
      runbook: askIssuer,
    },
    {
      name: "McpCallersRefused",
      severity: "warning",
      when: and(when(over(refused, all), ">", 0.5), when(refused, ">", 1)),
      lasting: "15m",
      summary: "{{ $value | humanizePercentage }} of the requests are refused at the front door",
      description: "Most callers' tokens are not taken, or somebody tries many.",
      runbook:
        "sum by (reason) (rate(mcp_gateway_auth_total[5m])) says why. audience or issuer: a changed OIDC_AUDIENCE, OIDC_ISSUER or PUBLIC_ORIGIN. expired: callers that do not refresh, or a clock (date in the pod). host-not-allowed and origin-not-allowed: PUBLIC_ORIGIN, ALLOWED_HOSTS, ALLOWED_ORIGINS. The log lines 'refused at the front door' have the addresses.",
    },
  ],
};
