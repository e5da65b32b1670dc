import { afterAll, beforeAll, expect, test } from "bun:test";
import type { TestGateway } from "../support/gateway.ts";
import { reference, registrar, standAt } from "../router/stand.ts";
import { runSuite } from "./run-suite.ts";
import { suiteNames } from "./suites.ts";

/**
 * The scenarios that cannot pass through a router without sessions, or do not speak of it. All others give the same as
 * directly, prompts and resources too.
 */
const excluded: Record<string, string> = {
  "tools-call-sampling": "legacy: a server asks its client on a session's stream; the router has no sessions",
  "tools-call-elicitation": "as above",
  "elicitation-sep1034-defaults": "as above",
  "elicitation-sep1330-enums": "as above",
  "resources-subscribe": "legacy: belongs to a session",
  "resources-unsubscribe": "as above",
  "server-sse-polling": "legacy: resuming belongs to a session",
  "server-sse-multiple-streams": "as above",
  "server-initialize": "legacy: one check more where there is a session id",
  "server-session-lifecycle": "legacy: there are no sessions",
  "http-custom-header-server-validation":
    "the router sends Mcp-Param-* itself, so its lists ask no client for them (x-mcp-header is taken out)",
};

let stack: AsyncDisposableStack;
let gateway: TestGateway;
let direct: string;
let routed: string;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const server = stack.use(await reference());
  direct = `${server.origin}/mcp`;
  gateway = stack.use(await standAt({ reference: [server.origin] }));
  await registrar(gateway).adapter({ name: "reference", exposeTools: true });
  routed = `http://127.0.0.1:${stack.use(underOwnNames(`${gateway.url}/mcp`)).port}/mcp`;
});
afterAll(() => stack.disposeAsync());

for (const suite of suiteNames) {
  test(`at /mcp ${suite} gives the same as directly, but for ${Object.keys(excluded).length} scenarios`, async () => {
    const [through, expected] = [await runSuite(routed, suite), await runSuite(direct, suite)];
    const scenarios = Object.entries(through.scenarios).filter(([name]) => !excluded[name]);
    expect(scenarios.length).toBeGreaterThan(15);
    expect(Object.fromEntries(scenarios)).toEqual(
      Object.fromEntries(Object.entries(expected.scenarios).filter(([name]) => !excluded[name])),
    );
  }, 400_000);
}

/** The suites call tools by the reference server's names; here they are put into the router's form, and back. */
function underOwnNames(url: string) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      const headers = new Headers(request.headers);
      const name = headers.get("mcp-name");
      if (name) headers.set("mcp-name", shown(name));
      const text = await request.text();
      const body = text && JSON.stringify(rename(JSON.parse(text)));
      const answer = await fetch(url, {
        method: request.method,
        headers,
        ...(body && { body }),
        signal: request.signal,
      });
      const type = answer.headers.get("content-type") ?? "";
      if (type.startsWith("text/event-stream") && answer.body) {
        return new Response(
          answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(eventsUnderOwnNames()),
          answer,
        );
      }
      return new Response(own(await answer.text()), { status: answer.status, headers: { "content-type": type } });
    },
  });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.stop(true) });
}

const shown = (name: string) => (name.includes("://") ? `mcp+reference+${name}` : `reference_${name}`);
const own = (text: string) => text.replaceAll("mcp+reference+", "").replaceAll(/"reference_/g, '"');

/** Whole events only: a name may be parted by a chunk's end. */
function eventsUnderOwnNames() {
  let held = "";
  return new TransformStream<string, Uint8Array>({
    transform(chunk, controller) {
      held += chunk;
      const end = held.lastIndexOf("\n\n") + 2;
      if (end < 2) return;
      controller.enqueue(new TextEncoder().encode(own(held.slice(0, end))));
      held = held.slice(end);
    },
  });
}

type Message = { params?: { name?: string; uri?: string; ref?: { name?: string; uri?: string } } };

function rename(message: Message | Message[]): unknown {
  if (Array.isArray(message)) return message.map(rename);
  const { params } = message;
  for (const named of [params, params?.ref]) {
    if (typeof named?.name === "string") named.name = shown(named.name);
    if (typeof named?.uri === "string") named.uri = shown(named.uri);
  }
  return message;
}
