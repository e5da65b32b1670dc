import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "./problem.ts";
import { jsonAnswer, nameParam } from "./resource-route.ts";

/** What a step can find wrong, by words that stay. The order is that of a client's way. */
export const findingWords = [
  "no-tls",
  "trailing-slash",
  "name-unresolved",
  "connection-refused",
  "connection-timeout",
  "address-unreachable",
  "certificate-expired",
  "certificate-not-yet-valid",
  "certificate-expiring",
  "certificate-wrong-name",
  "certificate-untrusted",
  "plain-http",
  "tls-needed",
  "tls-failed",
  "forwarded-untrusted",
  "no-answer",
  "connection-broken",
  "not-http",
  "head-too-large",
  "redirect-to-https",
  "redirect-slash",
  "redirect-elsewhere",
  "redirect-loop",
  "blocked-host",
  "forbidden",
  "rate-limited",
  "no-challenge",
  "malformed-challenge",
  "http-metadata",
  "metadata-elsewhere",
  "challenge-without-metadata",
  "no-metadata",
  "metadata-unreachable",
  "metadata-guarded",
  "malformed-metadata",
  "resource-mismatch",
  "issuer-unreachable",
  "issuer-without-metadata",
  "issuer-without-tls",
  "issuer-templated",
  "issuer-mismatch",
  "no-pkce",
  "pkce-unsaid",
  "no-registration",
  "origin-unchecked",
  "blocked-origin",
  "preflight-guarded",
  "no-cors",
  "hidden-headers",
  "token-expired",
  "token-not-yet-valid",
  "id-token",
  "wrong-issuer",
  "wrong-audience",
  "token-refused",
  "missing-scope",
  "issuer-unavailable",
  "not-ready",
  "probe-5xx",
  "not-mcp",
  "wrong-path",
  "sse-only",
  "era-mismatch",
  "modern-only",
  "initialize-refused",
  "malformed-answer",
  "answer-held-back",
  "answer-cut",
  "answer-too-large",
  "invisible-session-id",
  "initialized-refused",
  "session-unpinned",
  "session-id-changes",
  "get-404",
  "get-refused",
  "get-not-stream",
  "stream-held-back",
  "stream-cut",
  "tools-refused",
  "many-tools",
  "stale-id-400",
  "stale-id-500",
  "stale-id-accepted",
  "stale-id-other",
  "version-unchecked",
  "delete-refused",
  "session-outlives-delete",
  "headers-unchecked",
  "modern-session-id",
  "no-replica-ready",
  "replicas-missing",
  "replica-unreachable",
  "replica-redirects",
  "replica-blocks-host",
  "replica-5xx",
  "replica-not-mcp",
  "replicas-differ",
  "replica-stale-id",
  "replica-origin-unchecked",
  "time-over",
] as const;

export const FindingWord = z.enum(findingWords).openapi("FindingWord", {
  description: "What is wrong, by a word that stays the same",
  example: "http-metadata",
});
export type FindingWord = z.infer<typeof FindingWord>;

export const DiagnosisStep = z
  .object({
    id: z.string().openapi({ description: "`{replica}/{step}` for a step against one replica", example: "challenge" }),
    title: z.string().openapi({ example: "Challenge" }),
    outcome: z.enum(["ok", "warning", "failed", "skipped"]).openapi({
      description: "`skipped`: an earlier step failed, or it does not apply; `got` says which",
      example: "failed",
    }),
    finding: FindingWord.nullable().openapi({ description: "Null unless the outcome is a warning or failed" }),
    expected: z.string().openapi({ example: "WWW-Authenticate with the absolute URL of the metadata" }),
    got: z.string().openapi({ example: "resource_metadata is http://mcp.example.com/…, the URL is https" }),
    advice: z.string().nullable().openapi({ example: "Set PUBLIC_ORIGIN to https://mcp.example.com." }),
    durationMs: z.int().openapi({ example: 12 }),
  })
  .openapi("DiagnosisStep");
export type DiagnosisStep = z.infer<typeof DiagnosisStep>;

export const Diagnosis = z
  .object({
    target: z.string().openapi({ description: "The MCP URL", example: "https://mcp.example.com/adapters/weather/mcp" }),
    at: z.iso.datetime().openapi({ example: "2026-11-23T09:00:00.000Z" }),
    outcome: z.enum(["ok", "warning", "failed"]).openapi({ description: "That of the worst step", example: "failed" }),
    summary: z.string().openapi({ example: "1 of 31 steps failed: http-metadata." }),
    steps: z.array(DiagnosisStep).openapi({ description: "In the order in which they were taken" }),
  })
  .openapi("Diagnosis");
export type Diagnosis = z.infer<typeof Diagnosis>;

const busy = { ...problems(409)[409], description: "A diagnosis of yours is under way: one at a time" };
const responses = {
  200: jsonAnswer(Diagnosis, "Every step, what was expected, what came, and what to do"),
  ...problems(401, 403),
  409: busy,
  ...problems(503),
};
const description =
  "Takes the steps of an MCP client, through the gateway's own front door and with the caller's own credentials: discovery, challenge, token, era, session, stream, list, end. Calls no tool.";

export const diagnoseAdapter = createRoute({
  method: "get",
  path: "/adapters/{name}/diagnose",
  operationId: "diagnoseAdapter",
  summary: "Why a client cannot connect to an adapter",
  description: `${description} Then its replicas are asked directly: revisions, stale sessions, Origin, stream.`,
  tags: ["adapters"],
  request: { params: nameParam("adapter", "weather") },
  responses: { ...responses, ...problems(404) },
});

export const diagnoseServer = createRoute({
  method: "get",
  path: "/servers/{name}/diagnose",
  operationId: "diagnoseServer",
  summary: "Why a client cannot connect to a virtual server",
  description,
  tags: ["servers"],
  request: { params: nameParam("virtual server", "support") },
  responses: { ...responses, ...problems(404) },
});

export const diagnoseRouter = createRoute({
  method: "get",
  path: "/diagnose",
  operationId: "diagnoseRouter",
  summary: "Why a client cannot connect to the tool router",
  description,
  tags: ["mcp"],
  responses,
});
