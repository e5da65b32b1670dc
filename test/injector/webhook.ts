import { certificateLimits } from "../../injector/certificates/limits.ts";
import { type Issuer, issuer } from "../../injector/certificates/issue.ts";
import { endpoint } from "../../injector/webhook/endpoint.ts";
import { httpsServer } from "../../injector/webhook/https-server.ts";
import { type WebhookLimits, webhookLimits } from "../../injector/webhook/limits.ts";
import { review } from "../../injector/webhook/review.ts";
import { settings } from "./reviews.ts";

export const serverName = "mcp-gateway-injector.adapter.svc";
const names = [serverName];

/** Authorities and leaves that begin now. */
export function newIssuer(): Issuer {
  return issuer({ names, now: Date.now, limits: certificateLimits });
}

/** A leaf as the server takes it, and what its client trusts. */
export async function newPair() {
  const issuing = newIssuer();
  const authority = await issuing.authority();
  const { pem, key } = await issuing.leaf(authority);
  return { cert: pem, key, ca: authority.pem };
}

/** The webhook on a free port, and somebody who asks it as an API server does. */
export async function startWebhook(changes: Partial<WebhookLimits> = {}) {
  const limits = { ...webhookLimits, ...changes };
  const seen = { reviewed: [] as string[], notReviewed: [] as number[] };
  const server = await httpsServer({
    host: "127.0.0.1",
    port: 0,
    limits,
    answer: endpoint({
      review: (body) => review(body, settings),
      now: () => performance.now(),
      limits,
      events: {
        reviewed: ({ result, reason }) => seen.reviewed.push(`${result} ${reason}`),
        notReviewed: ({ status }) => seen.notReviewed.push(status),
      },
    }),
  });
  const pair = await newPair();
  server.use(pair);
  const url = `https://127.0.0.1:${server.port}/inject?timeout=5s`;
  const json = { "content-type": "application/json" };

  return {
    ...seen,
    server,
    url,
    ca: pair.ca,
    /** By a connection that is kept, or one of its own. */
    ask(body: BodyInit, { ca = pair.ca, keepalive = true, ...init }: Asking = {}): Promise<Response> {
      return fetch(url, { method: "POST", headers: json, body, keepalive, tls: { ca, serverName }, ...init });
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

type Asking = { ca?: string } & Pick<BunFetchRequestInit, "keepalive" | "headers" | "method" | "signal">;

export type Webhook = Awaited<ReturnType<typeof startWebhook>>;
