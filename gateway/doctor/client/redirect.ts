import type { Answered } from "../answer.ts";
import { failed, type Finding } from "../step.ts";
import { statusOf } from "../words.ts";
import type { ClientParts } from "./parts.ts";

export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** Where a redirect leads, and whether it ends. Nothing of the caller's goes along. */
export async function redirectFinding(
  first: Answered,
  { target, documents, anonymous, limits }: Pick<ClientParts, "target" | "documents" | "anonymous" | "limits">,
): Promise<Finding> {
  const start = new URL(target.href);
  const to = locationOf(first, start);
  const got = `${statusOf(first)} to ${to?.href ?? "no URL"}.`;
  if (!to) return failed("redirect-elsewhere", got);
  if (await comesBack(to)) return failed("redirect-loop", `${got} It comes back.`);
  if (start.protocol === "http:" && to.protocol === "https:" && to.hostname === start.hostname) {
    return failed("redirect-to-https", got);
  }
  const isSlash = to.origin === start.origin && withoutSlash(to.pathname) === withoutSlash(start.pathname);
  return failed(isSlash ? "redirect-slash" : "redirect-elsewhere", got);

  async function comesBack(second: URL): Promise<boolean> {
    const seen = new Set([start.href]);
    let at: URL | undefined = second;
    for (let count = 0; at && count < limits.redirects; count++) {
      if (seen.has(at.href)) return true;
      seen.add(at.href);
      const asking = { ...anonymous.modern("server/discover"), url: at.href };
      const answer = await documents.ask(asking, limits.documentMs, limits.documentBytes);
      at = answer.state === "answered" && isRedirect(answer.status) ? locationOf(answer, at) : undefined;
    }
    return at !== undefined;
  }
}

function locationOf({ headers }: Answered, from: URL): URL | undefined {
  return URL.parse(headers.get("location") ?? "", from.href) ?? undefined;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}
