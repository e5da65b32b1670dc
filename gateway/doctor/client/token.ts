import type { Answer, Answered } from "../answer.ts";
import type { Known } from "../known.ts";
import { failed, type Finding, type Found, ok, type Step, skipped, warning } from "../step.ts";
import { said, statusOf } from "../words.ts";
import { claimsIn, type TokenClaims } from "./claims.ts";
import type { ClientParts, Target } from "./parts.ts";
import { bearerIn } from "./www-authenticate.ts";

/** What the server makes of the caller's credentials; when it refuses them, what they say of themselves explains it. */
export function tokenStep(parts: ClientParts): Step<Known> {
  const { door, requests, hasCredentials, token, target, vantage, now } = parts;
  return {
    id: "token",
    title: "Token",
    expected: "The credentials are accepted",
    unless: ({ stop }) => stop,
    async take({ door: toStranger, metadata }) {
      if (!hasCredentials) return without(toStranger as Answered);
      const answer = await door.ask(requests.modern("server/discover"));
      const claims = token === undefined ? undefined : claimsIn(token);
      const found = admissionFinding(answer, {
        claims,
        issuers: metadata?.issuers,
        target,
        vantage,
        nowMs: now(),
      });
      const learned = answer.state === "answered" ? { probe: answer } : {};
      if (found.outcome !== "failed") return { ...found, learned };
      return { ...found, learned: { ...learned, stop: "The caller was not let in." } };
    },
  };
}

function without(answer: Answered): Found<Known> {
  if (answer.status !== 401)
    return { ...skipped("No token is asked for, and none was given."), learned: { probe: answer } };
  const stop = "A token is needed, and none was given.";
  return { ...skipped(stop), learned: { stop } };
}

export function admissionFinding(
  answer: Answer,
  about: {
    claims: TokenClaims | undefined;
    issuers: readonly string[] | undefined;
    target: Target;
    vantage: ClientParts["vantage"];
    nowMs: number;
  },
): Finding {
  if (answer.state !== "answered")
    return failed(answer.state === "silent" ? "no-answer" : "connection-broken", said(answer));
  const { status, text } = answer;
  if (status === 401) return refusedFinding(answer, about);
  if (status === 403) return forbiddenFinding(answer, about);
  if (status === 429) return warning("rate-limited", said(answer));
  if (status === 503 && /identity provider/i.test(text)) return failed("issuer-unavailable", said(answer));
  const { claims, nowMs } = about;
  if (claims?.isIdToken) return warning("id-token", `It is accepted (${statusOf(answer)}), and it is an ID token.`);
  return ok(`Not refused (HTTP ${status})${claims ? `: ${described(claims, nowMs)}` : ""}.`);
}

/** The reason that explains most. A server may take an audience that nobody else knows of, so that one comes last. */
function refusedFinding(
  answer: Answered,
  { claims, issuers, target, nowMs }: Parameters<typeof admissionFinding>[1],
): Finding {
  if (!claims) return failed("token-refused", `${said(answer)} The token is no JWT that could be read.`);
  const { expiresAtMs, notBeforeMs, issuer, audiences } = claims;
  if (expiresAtMs !== undefined && expiresAtMs < nowMs)
    return failed("token-expired", `It ended at ${time(expiresAtMs)}.`);
  if (notBeforeMs !== undefined && notBeforeMs > nowMs)
    return failed("token-not-yet-valid", `It begins at ${time(notBeforeMs)}.`);
  if (claims.isIdToken) return failed("id-token", "It is an ID token by its claims.");
  if (issuers && (issuer === undefined || !isOneOf(issuer, issuers))) {
    return failed("wrong-issuer", `It is from ${issuer ?? "nobody"}, and tokens are taken from ${issuers.join(", ")}.`);
  }
  if (!audiences.some((audience) => isFor(audience, target))) {
    return failed("wrong-audience", `It is for ${audiences.join(", ") || "nobody"}, and the URL is ${target.href}.`);
  }
  return failed("token-refused", `${said(answer)} The token is ${described(claims, nowMs)}.`);
}

function forbiddenFinding(answer: Answered, { claims, vantage }: Parameters<typeof admissionFinding>[1]): Finding {
  const bearer = bearerIn(answer.headers.get("www-authenticate"));
  if (bearer?.parameters.get("error") !== "insufficient_scope") {
    // Whom the gateway asks for a diagnosis may use the adapter: it is the server that refuses.
    return failed(vantage === "inside" ? "replica-blocks-host" : "forbidden", said(answer));
  }
  const wanted = bearer.parameters.get("scope") ?? "scopes that the challenge does not name";
  const held = claims && (claims.scopes.join(" ") || "no scope");
  return failed("missing-scope", `It needs ${wanted}${held === undefined ? "" : `, and the token has ${held}`}.`);
}

/** With or without the slash at its end: that is for the server to say, and rarely why. */
function isOneOf(issuer: string, issuers: readonly string[]): boolean {
  const plain = (url: string) => url.replace(/\/$/, "");
  return issuers.some((one) => plain(one) === plain(issuer));
}

function isFor(audience: string, { href, origin }: Target): boolean {
  return [href, origin, `${origin}/`].includes(audience);
}

function described({ issuer, audiences, scopes, expiresAtMs }: TokenClaims, nowMs: number): string {
  const parts = [
    `from ${issuer ?? "nobody"}`,
    `for ${audiences.join(", ") || "nobody"}`,
    scopes.length > 0 ? `with ${scopes.join(" ")}` : "without scopes",
    ...(expiresAtMs === undefined ? [] : [`for ${Math.round((expiresAtMs - nowMs) / 60_000)} more minutes`]),
  ];
  return parts.join(", ");
}

/** Tokens hold any number, dates do not. */
function time(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms / 1000} s after 1970` : date.toISOString();
}
