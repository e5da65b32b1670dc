import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Dice, dice } from "./dice.ts";
import { appliedTo } from "./json-patch.ts";
import { operationsIn, podOf, reviewOf, uid } from "./reviews.ts";
import { startWebhook, type Webhook } from "./webhook.ts";

let webhook: Webhook;
beforeAll(async () => {
  webhook = await startWebhook({ maxHeldBytes: 10 * maxBytes });
});
afterAll(async () => {
  // After all of it, it answers as on the first day.
  expect(await verdict(JSON.stringify(whole))).toBe("fine");
  await webhook[Symbol.asyncDispose]();
});

const whole = reviewOf(
  podOf({
    annotations: { "mcp-gateway/port": "8080" },
    spec: {
      initContainers: [
        { name: "first", image: "a:1", restartPolicy: "Always", ports: [{ containerPort: 1, protocol: "TCP" }] },
      ],
      volumes: [{ name: "settings", configMap: { name: "settings" } }],
      os: { name: "linux" },
      nodeSelector: { "kubernetes.io/os": "linux" },
      hostNetwork: false,
    },
  }),
);
const text = JSON.stringify(whole);
const maxBytes = 8 * 1024 * 1024;
const encoder = new TextEncoder();

test("bytes without any sense", async () => {
  const { bytes, below } = dice(1);
  await allFine(Array.from({ length: 500 }, () => bytes(below(2000))));
});

test("a review with some bytes changed", async () => {
  const { below } = dice(2);
  const changed = () => {
    const bytes = encoder.encode(text);
    for (let changes = 0; changes <= below(4); changes++) bytes[below(bytes.length)] = below(256);
    return bytes;
  };
  await allFine(Array.from({ length: 1000 }, changed));
});

test("a review that breaks off, anywhere", async () => {
  await allFine(Array.from({ length: text.length }, (_, length) => text.slice(0, length)));
});

test.each([
  ["null", () => null],
  ["an empty list", () => []],
  ["an empty object", () => ({})],
  ["a number", () => -1.5],
  ["a text", ({ text: random }: Dice) => random()],
  ["anything", ({ value }: Dice) => value(3)],
] as const)("%s in every place of a review", async (_, made) => {
  const random = dice(3);
  await allFine(placesIn(whole).map((place) => JSON.stringify(replaced(whole, place, made(random)))));
});

test("every place of a review left out", async () => {
  await allFine(placesIn(whole).map((place) => JSON.stringify(replaced(whole, place, undefined))));
});

test("anything that JSON can say", async () => {
  const { value } = dice(4);
  await allFine(Array.from({ length: 500 }, () => JSON.stringify(value(5))));
  await allFine(Array.from({ length: 500 }, () => JSON.stringify(reviewOf(value(5)))));
});

test("other versions and kinds", async () => {
  const others = [
    { apiVersion: "admission.k8s.io/v1beta1" },
    { apiVersion: "admission.k8s.io/v2" },
    { apiVersion: "v1" },
    { kind: "ConversionReview" },
    { kind: "AdmissionReviewList" },
    { apiVersion: undefined, kind: undefined },
  ];
  await allFine(others.map((other) => JSON.stringify({ ...whole, ...other })));
  const answer = await webhook.ask(JSON.stringify({ ...whole, apiVersion: "admission.k8s.io/v1beta1" }));
  expect(await answer.json()).toEqual({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed: false,
      status: {
        code: 403,
        reason: "Forbidden",
        message: "The review cannot be understood: apiVersion is not as in admission.k8s.io/v1.",
      },
    },
  });
});

test("depth without end, where it is looked at and where it is not", async () => {
  const deep = (opening: string, closing: string, depth: number) => opening.repeat(depth) + closing.repeat(depth);
  const depths = [100, 10_000, 1_000_000].flatMap((depth) => [
    deep("[", "]", depth),
    deep('{"a":', "}", depth).replace(":}", ":1}"),
  ]);
  const places = ['"object":{', '"metadata":{', '"labels":{', '"spec":{', '"containers":[{', '"request":{'];
  const bodies = depths.flatMap((value) => places.map((place) => text.replace(place, `${place}"deep":${value},`)));
  await allFine([...depths, ...bodies.filter((body) => body.length <= maxBytes)]);
}, 20_000);

test("texts of megabytes", async () => {
  const long = "x".repeat(1_000_000);
  const pods = [
    { ...podOf(), metadata: { name: long, labels: { "mcp-gateway/adapter": "weather" } } },
    podOf({ labels: { "mcp-gateway/adapter": long } }),
    podOf({ annotations: { "mcp-gateway/port": long } }),
    podOf({ spec: { containers: [{ name: long }] } }),
    podOf({ spec: { containers: [{ [long]: 1, name: 1 }] } }),
    podOf({
      spec: { containers: Array.from({ length: 10_000 }, () => ({ name: "a", ports: [{ containerPort: 1 }] })) },
    }),
  ];
  await allFine([
    ...pods.map((pod) => JSON.stringify(reviewOf(pod))),
    JSON.stringify(reviewOf(podOf(), { uid: long })),
  ]);
});

test("a review of 8 MiB is answered, one of a byte more is refused", async () => {
  const padded = (bytes: number) => `${text}${" ".repeat(bytes - text.length)}`;
  expect(await verdict(padded(maxBytes))).toBe("fine");
  const { status } = await webhook.ask(padded(maxBytes + 1));
  expect(status).toBe(413);
});

test("a body without a length is read to the limit and no further", async () => {
  const chunk = new Uint8Array(100_000).fill(32);
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  expect(
    await webhook.ask(endless).then(
      ({ status }) => status,
      () => 413,
    ),
  ).toBe(413);
  expect(sent).toBeLessThan(maxBytes * 8);
});

const misplaced: readonly [what: string, status: number, request: RequestInit & { path?: string }][] = [
  ["another content type", 415, { headers: { "content-type": "application/yaml" } }],
  ["JSON of another kind", 415, { headers: { "content-type": "application/json-patch+json" } }],
  ["no content type", 415, { headers: { "content-type": "" } }],
  ["GET", 405, { method: "GET", body: null }],
  ["PUT", 405, { method: "PUT" }],
  ["another path", 404, { path: "/" }],
  ["a path below", 404, { path: "/inject/more" }],
];

test.each(misplaced)("%s is answered with %d and a sentence", async (_, status, { path = "/inject", ...request }) => {
  const answer = await fetch(new URL(path, webhook.url), {
    method: "POST",
    body: text,
    headers: { "content-type": "application/json" },
    tls: { ca: webhook.ca, serverName: "mcp-gateway-injector.adapter.svc" },
    ...request,
  });
  expect(answer.status).toBe(status);
  expect(await answer.text()).toMatch(/^[A-Z].*\.\n$/);
});

test("the content type may have parameters, and capitals", async () => {
  const headers = { "content-type": "Application/JSON; charset=utf-8" };
  expect((await webhook.ask(text, { headers })).status).toBe(200);
});

async function allFine(bodies: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<void> {
  const verdicts = new Set<string>();
  const waiting = [...bodies];
  const asking = Array.from({ length: 8 }, async () => {
    for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) verdicts.add(await verdict(body));
  });
  await Promise.all(asking);
  expect([...verdicts]).toEqual(["fine"]);
}

/** Whether the answer is one that an API server understands, or where there is nobody to answer a status and a sentence. */
async function verdict(body: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const sent = typeof body === "string" ? encoder.encode(body) : body;
  const answer = await webhook.ask(sent);
  const asked = reviewIn(sent);
  const said = await answer.text();
  if (asked === undefined) {
    const isFine = answer.status === 400 && /^[A-Z].*\.\n$/.test(said);
    return isFine ? "fine" : `${answer.status} ${said.slice(0, 100)} for ${shown(sent)}`;
  }
  const { apiVersion, kind, response } = JSON.parse(said) as ReturnType<typeof answered>;
  const isFine =
    answer.status === 200 &&
    apiVersion === "admission.k8s.io/v1" &&
    kind === "AdmissionReview" &&
    response.uid === asked.uid &&
    (response.allowed ? isPatch(response, asked.object) : isRefusal(response));
  return isFine ? "fine" : `${answer.status} ${said.slice(0, 200)} for ${shown(sent)}`;
}

const answered = (response: {
  uid: string;
  allowed: unknown;
  patch?: string;
  patchType?: string;
  status?: { code: number; message: string };
}) => ({ apiVersion: "", kind: "", response });
type Answered = Parameters<typeof answered>[0];

function isPatch({ allowed, patch, patchType, status }: Answered, object: unknown): boolean {
  if (allowed !== true || status !== undefined) return false;
  if (patch === undefined) return patchType === undefined;
  const guarded = appliedTo(object, operationsIn(patch)) as { spec: { initContainers: { name: string }[] } };
  return patchType === "JSONPatch" && guarded.spec.initContainers.at(-1)?.name === "mcp-guard";
}

function isRefusal({ allowed, patch, status }: Answered): boolean {
  return (
    allowed === false && patch === undefined && status !== undefined && status.code >= 400 && /\.$/.test(status.message)
  );
}

/** Whom there is to answer, as anybody can see. */
function reviewIn(sent: Uint8Array): { uid: string; object: unknown } | undefined {
  try {
    const { request } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(sent)) as {
      request: { uid: unknown; object: unknown };
    };
    const isUid = typeof request.uid === "string" && request.uid.length > 0 && request.uid.length <= 253;
    return isUid ? { uid: request.uid as string, object: request.object } : undefined;
  } catch {
    return undefined;
  }
}

function shown(sent: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(sent.slice(0, 3000)));
}

type Place = readonly string[];

function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...place, name]))];
}

function replaced(value: unknown, [name, ...rest]: Place, by: unknown): unknown {
  if (name === undefined) return by;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (String(index) === name ? replaced(item, rest, by) : item));
  const members = value as Record<string, unknown>;
  return { ...members, [name]: replaced(members[name], rest, by) };
}
