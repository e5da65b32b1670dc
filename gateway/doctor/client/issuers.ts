import type { Answer } from "../answer.ts";
import { textsIn } from "../json-rpc.ts";
import type { IssuerMetadata, Known } from "../known.ts";
import { failed, type Finding, type Found, ok, type Step, warning } from "../step.ts";
import { inWords, plural } from "../words.ts";
import { askDocument, documentIn } from "./metadata.ts";
import { type ClientParts, isLoopback } from "./parts.ts";

type Read = { readonly fault: Finding } | { readonly metadata: IssuerMetadata };

const needsIssuer = ({ stop, issuers }: Known) => stop ?? (issuers?.length ? undefined : "No issuer was read.");

/** Where a client gets its token: the authorization servers, and what they can do for one that they do not know. */
export function issuerSteps({ documents, limits }: ClientParts): Step<Known>[] {
  return [
    {
      id: "issuer",
      title: "Issuer",
      expected: "Each authorization server has metadata, and its `issuer` is exactly what it is named by",
      unless: ({ stop, metadata }) => stop ?? (metadata ? undefined : "There is no metadata that names one."),
      async take({ metadata }) {
        const named = metadata?.issuers.slice(0, limits.issuers) ?? [];
        return issuersFound(named, await Promise.all(named.map(read)));
      },
    },
    {
      id: "pkce",
      title: "PKCE",
      expected: "The issuer says that it knows S256",
      unless: needsIssuer,
      take: ({ issuers = [] }) => pkceFinding(issuers),
    },
    {
      id: "registration",
      title: "Registration",
      expected: "A client that the issuer does not know can make itself known",
      unless: needsIssuer,
      take: ({ issuers = [] }) => registrationFinding(issuers),
    },
  ];

  async function read(issuer: string): Promise<Read> {
    const url = URL.parse(issuer);
    if (!url) return { fault: failed("issuer-unreachable", `${issuer} is no URL.`) };
    if (url.protocol !== "https:" && !isLoopback(url.hostname)) {
      return { fault: failed("issuer-without-tls", `${issuer} is not https.`) };
    }
    const tried: string[] = [];
    let isReached = false;
    for (const place of placesOf(url)) {
      const answer = await askDocument(documents, place, limits);
      const document = documentIn(answer);
      if (document && typeof document["issuer"] === "string") return checked(issuer, document["issuer"], document);
      isReached ||= answer.state === "answered";
      tried.push(`${place}: ${inWords(answer)}`);
      if (isNotAsked(answer)) break;
    }
    return { fault: failed(isReached ? "issuer-without-metadata" : "issuer-unreachable", `${tried.join("; ")}.`) };
  }
}

function isNotAsked(answer: Answer): boolean {
  return answer.state === "unanswered" && answer.why === "not-asked";
}

/** RFC 8414 §3.1, and OpenID Connect's as MCP wants it looked for; the latter's usual place before its other one. */
function placesOf({ origin, pathname }: URL): string[] {
  const path = pathname.replace(/\/$/, "");
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`;
  const oidc = `${origin}${path}/.well-known/openid-configuration`;
  return path === "" ? [oauth, oidc] : [oauth, oidc, `${origin}/.well-known/openid-configuration${path}`];
}

function checked(named: string, issuer: string, document: Readonly<Record<string, unknown>>): Read {
  const got = `${named} says that its issuer is ${issuer}.`;
  if (issuer !== named) return { fault: failed(issuer.includes("{") ? "issuer-templated" : "issuer-mismatch", got) };
  const methods = document["code_challenge_methods_supported"];
  const registration = [
    ...(typeof document["registration_endpoint"] === "string" ? ["dynamic registration"] : []),
    ...(document["client_id_metadata_document_supported"] === true ? ["client id metadata documents"] : []),
  ];
  return { metadata: { issuer, pkce: Array.isArray(methods) ? textsIn(methods) : undefined, registration } };
}

/** A client goes to one of them, and which is its choice: one that is good does not make up for another. */
function issuersFound(named: readonly string[], all: readonly Read[]): Found<Known> {
  const issuers = all.flatMap((read) => ("metadata" in read ? [read.metadata] : []));
  const fault = all.find((read) => "fault" in read);
  const found = fault ? fault.fault : ok(`${plural(named.length, "issuer")}: ${named.join(", ")}.`);
  return { ...found, learned: { issuers } };
}

function pkceFinding(issuers: readonly IssuerMetadata[]): Finding {
  const without = issuers.find(({ pkce }) => pkce && !pkce.includes("S256"));
  if (without) return failed("no-pkce", `${without.issuer} knows ${without.pkce?.join(", ") || "none"}.`);
  const silent = issuers.find(({ pkce }) => pkce === undefined);
  return silent ? warning("pkce-unsaid", `${silent.issuer} does not say.`) : ok("S256.");
}

function registrationFinding(issuers: readonly IssuerMetadata[]): Finding {
  const without = issuers.find(({ registration }) => registration.length === 0);
  if (without) return warning("no-registration", `${without.issuer} offers neither of the two ways.`);
  return ok(`By ${[...new Set(issuers.flatMap(({ registration }) => registration))].join(" or ")}.`);
}
