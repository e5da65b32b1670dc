import { wellKnown } from "../../../openapi/metadata.ts";
import type { Answer } from "../answer.ts";
import type { Asker, Asking } from "../asker.ts";
import { isObject, messagesIn, textsIn } from "../json-rpc.ts";
import type { Challenge, Known, Metadata } from "../known.ts";
import type { DoctorLimits } from "../limits.ts";
import { failed, type Finding, type Found, ok, type Step, warning } from "../step.ts";
import { inWords } from "../words.ts";
import { unlessAsked } from "./conditions.ts";
import type { ClientParts, Target } from "./parts.ts";

type Place = { readonly from: Metadata["from"]; readonly url: string };

/** The protected resource metadata (RFC 9728), looked for where clients look. */
export function metadataStep({ target, documents, limits }: ClientParts): Step<Known> {
  return {
    id: "metadata",
    title: "Metadata",
    expected: "Protected resource metadata for everybody, where the challenge says it is",
    unless: unlessAsked,
    async take({ challenge }) {
      const named = challenge?.metadataUrl;
      const places = named === undefined ? usualPlaces(target) : [{ from: "challenge", url: named } as const];
      const tried: string[] = [];
      let worst: Finding | undefined;
      for (const { from, url } of places) {
        const answer = await askDocument(documents, url, limits);
        const read = metadataIn(answer);
        if (read) return { ...foundAt(from, url, read, target, challenge), learned: { metadata: { from, ...read } } };
        tried.push(`${url}: ${inWords(answer)}`);
        worst = graver(worst, faultOf(answer, `${tried.join("; ")}.`));
      }
      return worst as Found<Known>;
    },
  };
}

/** A document of JSON, as a browser or an SDK reads it. */
export function askDocument(documents: Asker, url: string, limits: DoctorLimits): Promise<Answer> {
  const asking: Asking = { url, method: "GET", headers: { accept: "application/json" } };
  return documents.ask(asking, limits.documentMs, limits.documentBytes);
}

export function documentIn(answer: Answer): Readonly<Record<string, unknown>> | undefined {
  if (answer.state !== "answered" || answer.status !== 200) return undefined;
  const [document] = messagesIn(answer.text);
  return isObject(document) ? document : undefined;
}

/** Where a client looks that was told no place (RFC 9728 §3.1). */
function usualPlaces({ origin, path }: Target): Place[] {
  const root: Place = { from: "root", url: `${origin}${wellKnown}` };
  return path === "/" ? [root] : [{ from: "path", url: `${origin}${wellKnown}${path}` }, root];
}

function metadataIn(answer: Answer): Omit<Metadata, "from"> | undefined {
  const { resource, authorization_servers } = documentIn(answer) ?? {};
  const issuers = textsIn(authorization_servers);
  return typeof resource === "string" && issuers.length > 0 ? { resource, issuers } : undefined;
}

function foundAt(
  from: Metadata["from"],
  url: string,
  { resource }: { resource: string },
  { origin }: Target,
  challenge: Challenge | undefined,
): Finding {
  const got = `It is at ${url}.`;
  // Where the whole origin is the resource, a challenge for one path would lead to what is for another.
  const isForOrigin = from === "root" && [origin, `${origin}/`].includes(resource);
  const isFine = from === "challenge" || isForOrigin || challenge?.fault !== "none";
  return isFine ? ok(got) : warning("challenge-without-metadata", got);
}

function faultOf(answer: Answer, got: string): Finding {
  if (answer.state !== "answered") return failed("metadata-unreachable", got);
  const { status } = answer;
  if (status === 401 || status === 403) return failed("metadata-guarded", got);
  return failed(status === 200 ? "malformed-metadata" : "no-metadata", got);
}

/** A place where there is something tells more than one where there is nothing. */
function graver(before: Finding | undefined, after: Finding): Finding {
  const isNothing = after.outcome === "failed" && after.word === "no-metadata";
  if (!before || !isNothing || !("word" in before)) return after;
  return { ...before, got: after.got };
}
