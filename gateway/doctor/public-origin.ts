import type { Known } from "./known.ts";
import { failed, type Finding, ok, type Step, warning } from "./step.ts";

/**
 * Whether the gateway knows the origin by which it is reached. `origin` is what it takes for it; where it
 * asks for tokens, clients are sent to their issuer by it.
 */
export function publicOriginStep(
  headers: Headers,
  origin: string,
  { publicOrigin, asksForToken }: { publicOrigin: string | undefined; asksForToken: boolean },
): Step<Known> {
  return {
    id: "public-origin",
    title: "Public origin",
    expected: "The gateway knows the origin by which clients reach it",
    take: () => {
      if (publicOrigin !== undefined) return ok(`PUBLIC_ORIGIN is ${publicOrigin}.`);
      return forwardedFinding(headers, origin, asksForToken);
    },
  };
}

function forwardedFinding(headers: Headers, origin: string, asksForToken: boolean): Finding {
  const proto =
    lastOf(headers.get("x-forwarded-proto")) ?? /proto="?(https?)/i.exec(headers.get("forwarded") ?? "")?.[1];
  const host = lastOf(headers.get("x-forwarded-host"));
  const { protocol, host: ownHost } = new URL(origin);
  const isSame = (proto ?? protocol.slice(0, -1)) === protocol.slice(0, -1) && (host ?? ownHost) === ownHost;
  if (isSame) return ok(`It is ${origin}, as this request came.`);
  const got = `It takes ${origin} for its origin, and a proxy says ${proto ?? "?"}://${host ?? ownHost}.`;
  return asksForToken ? failed("forwarded-untrusted", got) : warning("forwarded-untrusted", got);
}

function lastOf(header: string | null): string | undefined {
  return header === null
    ? undefined
    : header
        .slice(header.lastIndexOf(",") + 1)
        .trim()
        .toLowerCase();
}
