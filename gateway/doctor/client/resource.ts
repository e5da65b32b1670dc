import type { Known, Metadata } from "../known.ts";
import { failed, type Found, ok, type Step, skipped, warning } from "../step.ts";
import { unlessAsked } from "./conditions.ts";
import type { Target } from "./parts.ts";

/** For whom the metadata says that it is (RFC 9728 §3.3). */
export function resourceStep(target: Target): Step<Known> {
  return {
    id: "resource",
    title: "Resource",
    expected: "`resource` is the URL that clients use, letter for letter; in the origin's own metadata, the origin",
    unless: (known) => unlessAsked(known) ?? (known.metadata ? undefined : "There is no metadata."),
    take: ({ metadata, challenge }) => resourceFound(metadata as Metadata, target, challenge?.fault === "http"),
  };
}

export function resourceFound(
  { resource, from }: Metadata,
  { href, origin }: Target,
  isHttpKnown: boolean,
): Found<Known> {
  const expected = href.replace(/\?.*$/, "");
  const wanted =
    from === "root" ? [expected, origin, `${origin}/`] : [expected, ...(isOrigin(expected) ? [origin] : [])];
  if (wanted.includes(resource)) return ok(`It is ${resource}.`);
  const got = `It is ${resource}, and the URL is ${expected}.`;
  if (isHttpKnown && resource.replace(/^http:/, "https:") === expected) {
    return skipped("It is http as the challenge is: what helps there helps here.");
  }
  // SDKs take any URL above; VS Code and others compare the text.
  return isAbove(resource, expected) ? warning("resource-mismatch", got) : failed("resource-mismatch", got);
}

function isOrigin(url: string): boolean {
  return new URL(url).pathname === "/";
}

function isAbove(resource: string, url: string): boolean {
  const above = URL.parse(resource);
  const below = new URL(url);
  if (above?.origin !== below.origin) return false;
  const withSlash = (path: string) => (path.endsWith("/") ? path : `${path}/`);
  return withSlash(below.pathname).startsWith(withSlash(above.pathname));
}
