import { createHash } from "node:crypto";
import type { Resource } from "../store.ts";
import { failureOver, TransferFailure } from "./failure.ts";
import { byKindAndName, titleOf } from "./record.ts";
import { recordFrom } from "./rest-record.ts";
import type { Source } from "./source.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const limits = { answerBytes: 256 * 1024 * 1024, answerMs: 60_000 };

/** What a gateway lists, and where. Only ours has virtual servers. */
const lists = [
  { kind: "adapter", path: "adapters", optional: false },
  { kind: "server", path: "servers", optional: true },
  { kind: "tool", path: "tools", optional: false },
] as const;

/**
 * What a running gateway shows over REST, the Microsoft one or ours, to whoever the headers are. Each record is in
 * its first revision, and its identity follows from when it was made, so that who asks twice gets the same. The values of secrets and the trail are not shown there.
 */
export async function fromRest(base: string, headers: Headers, fetch: Fetch): Promise<Source> {
  const resources: Resource[] = [];
  const notes: string[] = [];
  const unfit: string[] = [];
  for (const { kind, path, optional } of lists) {
    const items = await list(fetch, new URL(path, base.endsWith("/") ? base : `${base}/`), headers, optional);
    for (const [index, item] of items.entries()) {
      const made = recordFrom(kind, item);
      if (made.state === "found") {
        notes.push(`${titleOf({ kind, name: made.name })}: left out, for it is registered wherever Kubernetes runs it`);
      } else if (made.state === "unfit") unfit.push(`${kind} ${made.name ?? `at place ${index + 1}`}: ${made.why}`);
      else {
        const { body } = made;
        resources.push({ kind, name: body.name, uid: uidOf(kind, body), revision: 1, deleting: false, body });
        notes.push(...made.notes.map((note) => `${titleOf({ kind, name: body.name })}: ${note}`));
      }
    }
  }
  if (unfit.length > 0) throw failureOver("These cannot be taken over as they are:", unfit);
  return { resources: resources.sort(byKindAndName), trail: nothing, notes };
}

/** A UUID of version 8 (RFC 9562 §5.8): a hash of what tells one creation from another. */
function uidOf(kind: string, { name, createdBy, createdAt }: Resource["body"]): string {
  const hex = createHash("sha256")
    .update(JSON.stringify([kind, name, createdBy, createdAt]))
    .digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join("-");
}

async function* nothing(): AsyncGenerator<never> {}

async function list(fetch: Fetch, url: URL, headers: Headers, optional: boolean): Promise<unknown[]> {
  const answer = await ask(fetch, url, headers);
  if (optional && (answer.status === 404 || !isJson(answer))) {
    await answer.body?.cancel();
    return [];
  }
  if (!answer.ok || !isJson(answer)) {
    await answer.body?.cancel();
    throw new TransferFailure(`${url} answered ${answer.status}${hint(answer)}.`);
  }
  const items = parse(await textOf(answer, url));
  if (!Array.isArray(items)) throw new TransferFailure(`${url} answered something else than a list.`);
  return items;
}

async function ask(fetch: Fetch, url: URL, headers: Headers): Promise<Response> {
  try {
    // A redirect is not followed: it would take the headers, and with them a token, to wherever it points.
    const signal = AbortSignal.timeout(limits.answerMs);
    return await fetch(url.href, { headers, redirect: "manual", signal });
  } catch (error) {
    throw new TransferFailure(`${url} does not answer: ${error instanceof Error ? error.message : "no reason given"}.`);
  }
}

function isJson({ headers }: Response): boolean {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === "application/json";
}

function hint({ status, ok }: Response): string {
  if (status === 401 || status === 403) return ', give it a token: --header "authorization: Bearer …"';
  return ok ? ", but not with JSON" : "";
}

async function textOf(answer: Response, url: URL): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    bytes += part.length;
    if (bytes > limits.answerBytes) throw new TransferFailure(`${url} answered more than ${limits.answerBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
