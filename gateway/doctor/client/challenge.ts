import type { Answered } from "../answer.ts";
import type { Challenge, Known } from "../known.ts";
import { failed, type Finding, type Found, ok, type Step, warning } from "../step.ts";
import { quoted } from "../words.ts";
import { unlessAsked } from "./conditions.ts";
import type { Target } from "./parts.ts";
import { bearerIn } from "./www-authenticate.ts";

/** What a client is told that has no token yet (RFC 9728 §5.1). */
export function challengeStep(target: Target): Step<Known> {
  return {
    id: "challenge",
    title: "Challenge",
    expected: "401 with WWW-Authenticate: Bearer, and in it the absolute URL of the metadata, on this origin",
    unless: unlessAsked,
    take: ({ door }) => challengeFound(door as Answered, target),
  };
}

export function challengeFound({ headers }: Answered, target: Target): Found<Known> {
  const header = headers.get("www-authenticate");
  const bearer = bearerIn(header);
  if (!bearer) {
    const got = header === null ? "401 without WWW-Authenticate." : `It has ${quoted(header)}.`;
    return learned(failed("no-challenge", got), { metadataUrl: undefined, fault: "other" });
  }
  const written = bearer.parameters.get("resource_metadata");
  // Whether that is a fault depends on where the metadata is found then.
  if (written === undefined) {
    return learned(ok("Bearer, without resource_metadata."), { metadataUrl: undefined, fault: "none" });
  }
  const url = URL.parse(written);
  if (!url) {
    const got = `resource_metadata is ${quoted(written)}, which is no absolute URL.`;
    return learned(failed("malformed-challenge", got), { metadataUrl: undefined, fault: "other" });
  }
  if (target.isTls && url.protocol === "http:" && url.hostname === new URL(target.href).hostname) {
    const got = `resource_metadata is ${url.href}, and the server is reached by https.`;
    return learned(failed("http-metadata", got), { metadataUrl: undefined, fault: "http" });
  }
  const got = `resource_metadata is ${url.href}.`;
  const found = url.origin === target.origin ? ok(got) : warning("metadata-elsewhere", got);
  return learned(found, { metadataUrl: url.href, fault: "none" });
}

function learned(finding: Finding, challenge: Challenge): Found<Known> {
  return { ...finding, learned: { challenge } };
}
