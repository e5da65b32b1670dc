import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { callOf, headersFor, newTrace, openStand, post, resultIn, sibling, type Stand } from "./stand.ts";

// Each waits for spans of several processes, beside other tests.
setDefaultTimeout(20_000);

let stand: Stand;
let url: URL;
let headers: Record<string, string>;

beforeAll(async () => {
  stand = await openStand();
  await stand.adapter("weather");
  url = stand.gateway.mcpUrl("weather");
  headers = await headersFor(url, "legacy");
}, 60_000);
afterAll(() => stand?.[Symbol.asyncDispose]());

type Came = { carrier: Record<string, string>; meta: Record<string, unknown> | null; body: string };

/** Sends a message as it is written, with such headers beside those of its session; gives what came to the server. */
async function sent(body: string, more: Record<string, string> = {}): Promise<Came> {
  const response = await post(url, body, { ...headers, ...more });
  return (await resultIn(response)).structuredContent as Came;
}

const traceIn = (traceparent: string | undefined) => traceparent?.split("-")[1] ?? "";
const tree = [
  "mcp-gateway: server tools/call look",
  "  mcp-gateway: internal authenticate",
  "  mcp-gateway: internal route",
  "  mcp-gateway: client tools/call",
  "    traced: server own look",
];
/** A trace that begins at the gateway. */
const rootOf = ({ carrier: { traceparent = "" } }: Came) => ({
  traceId: traceIn(traceparent),
  spanId: "",
  traceparent,
});

test("where header and message tell of different traces, the message counts", async () => {
  const [inHeader, inMessage] = [newTrace(), newTrace()];
  const said = { traceparent: inMessage.traceparent, tracestate: "message=1" };
  const came = await sent(callOf("legacy", "look", said), {
    traceparent: inHeader.traceparent,
    tracestate: "header=1",
  });
  expect(await stand.tree(inMessage, 5)).toEqual(tree);
  expect(traceIn(came.carrier.traceparent)).toBe(inMessage.traceId);
  expect(came.carrier.tracestate).toBe("message=1");
  expect(stand.spansOf(inHeader)).toEqual([]);
});

test("where both tell of one trace, the message's span is the parent", async () => {
  const agent = newTrace();
  const client = sibling(agent);
  await sent(callOf("legacy", "look", { traceparent: agent.traceparent }), { traceparent: client.traceparent });
  expect(await stand.tree(agent, 5)).toEqual(tree);
  expect(await stand.tree(client, 5)).toEqual([]);
});

const trace = newTrace();

test.each([
  ["there is none", {}],
  ["it is empty", { traceparent: "" }],
  ["it is no such thing", { traceparent: "nonsense" }],
  ["it has something after it", { traceparent: `${trace.traceparent}-more` }],
  ["there are two", { traceparent: `${trace.traceparent}, ${trace.traceparent}` }],
  ["its trace is all zeros", { traceparent: `00-${"0".repeat(32)}-${trace.spanId}-01` }],
  ["its span is all zeros", { traceparent: `00-${trace.traceId}-${"0".repeat(16)}-01` }],
  ["its version is none", { traceparent: trace.traceparent.replace(/^00/, "ff") }],
  ["it is in capitals", { traceparent: "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01" }],
])("a trace begins at the gateway when %s, and nothing is kept of the one before", async (_what, more) => {
  const came = await sent(callOf("legacy", "look"), { ...more, tracestate: "vendor=1" });
  expect(await stand.tree(rootOf(came), 5)).toEqual(tree);
  expect(traceIn(came.carrier.traceparent)).not.toBe(trace.traceId);
  expect(came.carrier.tracestate).toBeUndefined();
});

test("nonsense in a message begins a trace, too, and the message tells the server of that", async () => {
  const came = await sent(callOf("legacy", "look", { traceparent: "nonsense" }));
  expect(came.meta).toEqual({ traceparent: came.carrier.traceparent });
  expect(await stand.tree(rootOf(came), 5)).toEqual(tree);
});

test("a parent of a later version of the format is one", async () => {
  const later = newTrace();
  await sent(callOf("legacy", "look"), { traceparent: `${later.traceparent.replace(/^00/, "01")}-more` });
  expect(await stand.tree(later, 5)).toEqual(tree);
});

test("a trace that is not recorded has no span anywhere, and goes on to the server as one that is not", async () => {
  const [inHeader, inMessage] = [newTrace("00"), newTrace("00")];
  const byHeader = await sent(callOf("legacy", "look"), {
    traceparent: inHeader.traceparent,
    tracestate: "vendor=1",
    baggage: "a=b",
  });
  const byMessage = await sent(callOf("legacy", "look", { traceparent: inMessage.traceparent, tracestate: "own=1" }));
  expect(byHeader.carrier).toMatchObject({
    traceparent: expect.stringMatching(new RegExp(`^00-${inHeader.traceId}-\\w{16}-00$`)),
    tracestate: "vendor=1",
    baggage: "a=b",
  });
  expect(byMessage.carrier).toMatchObject({
    traceparent: expect.stringMatching(new RegExp(`^00-${inMessage.traceId}-\\w{16}-00$`)),
    tracestate: "own=1",
  });
  expect(byMessage.meta).toEqual({
    traceparent: expect.stringMatching(new RegExp(`^00-${inMessage.traceId}-\\w{16}-00$`)),
    tracestate: "own=1",
  });
  const recorded = newTrace();
  await sent(callOf("legacy", "look"), { traceparent: recorded.traceparent });
  expect(await stand.tree(recorded, 5)).toEqual(tree);
  expect([...stand.spansOf(inHeader), ...stand.spansOf(inMessage)]).toEqual([]);
});

/** As no serializer writes it: order, spaces, escapes, a number too large, a name twice. */
const odd = (meta: string) =>
  `{ "id":1,\n\t"params" : {"arguments":{"n":10000000000000000001,"e":1.0E+2,"s":"\\u00e9é\\/\\ud83d\\ude00","d":1,"d":2},${meta} "name":"look"} ,"method":"tools/call","jsonrpc":"2.0" }\n`;

const { traceparent: parent } = newTrace();

test.each([
  ["it tells nothing of its trace", "", ""],
  ["_meta is empty", '"_meta":{},', '"_meta":{"traceparent":"OWN"},'],
  ["_meta tells something else", '"_meta" : { "x":1.0e1 },', '"_meta" : {"traceparent":"OWN", "x":1.0e1 },'],
  ["it tells its trace", `"_meta":{"x":1.0,"traceparent":"${parent}"},`, '"_meta":{"x":1.0,"traceparent":"OWN"},'],
])("but for its traceparent a message comes byte for byte when %s", async (_when, meta, expected) => {
  const came = await sent(odd(meta), { traceparent: parent });
  const own = came.carrier.traceparent ?? "";
  expect(own).not.toBe(parent);
  expect(came.body).toBe(odd(expected.replace("OWN", own)));
});
