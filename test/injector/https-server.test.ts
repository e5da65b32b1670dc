import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { connect } from "node:tls";
import { until } from "../support/until.ts";
import { podOf, reviewOf, uid } from "./reviews.ts";
import { newPair, serverName, startWebhook, type Webhook } from "./webhook.ts";

const body = JSON.stringify(reviewOf(podOf()));

test("fifty changes of the certificate under constant requests lose none", async () => {
  await using webhook = await startWebhook();
  const pairs = [await newPair(), await newPair()] as const;
  const ca = [webhook.ca, ...pairs.map((pair) => pair.ca)].join("");
  let over = false;
  let answers = 0;
  const wrong: string[] = [];
  const clients = Array.from({ length: 16 }, async (_, index) => {
    while (!over) {
      const asked = await webhook.ask(body, { ca, keepalive: index % 2 === 0 }).then(uidIn, String);
      if (asked === uid) answers += 1;
      else wrong.push(asked);
    }
  });
  const shown = new Set<string>();
  for (let swap = 0; swap < 50; swap++) {
    const pair = pairs[swap % 2 === 0 ? 0 : 1];
    webhook.server.use(pair);
    const fingerprint = await certificateOf(webhook, ca);
    expect(fingerprint).toBe(new X509Certificate(pair.cert).fingerprint256);
    shown.add(fingerprint);
    const before = answers;
    await until("requests go on", () => answers > before + 16);
  }
  over = true;
  await Promise.all(clients);
  expect(wrong).toEqual([]);
  expect(shown.size).toBe(2);
});

test("what is no certificate changes nothing", async () => {
  await using webhook = await startWebhook();
  expect(() => webhook.server.use({ cert: "garbage", key: "garbage" })).toThrow();
  expect(await uidIn(await webhook.ask(body))).toBe(uid);
});

test.each([
  ["TLSv1.1", "nothing"],
  ["TLSv1.2", "TLSv1.2"],
  ["TLSv1.3", "TLSv1.3"],
] as const)("a client that speaks %s only gets %s", async (version, spoken) => {
  await using webhook = await startWebhook();
  const seen = await new Promise<string | null>((resolve) => {
    const how = { port: webhook.server.port, host: "127.0.0.1", ca: webhook.ca, servername: serverName };
    const socket = connect({ ...how, minVersion: version, maxVersion: version }, () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.on("error", () => resolve("nothing"));
  });
  expect(seen).toBe(spoken);
});

/** what is sent, the limit that ends it */
const silences: readonly [string, object, string][] = [
  ["nothing after the handshake", { idleMs: 200 }, ""],
  ["half a head", { idleMs: 200 }, "POST /inject HTTP/1.1\r\nHost: a\r\n"],
  [
    "half a body",
    { requestMs: 200 },
    "POST /inject HTTP/1.1\r\nHost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
  ],
  ["no HTTP", {}, "\u0000\u0001 nonsense\r\n\r\n"],
  ["a request for a tunnel", {}, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"],
];

test.each(silences)("a client that sends %s is let go of", async (_what, limits, text) => {
  await using webhook = await startWebhook(limits);
  await closed(webhook, text);
  expect(await uidIn(await webhook.ask(body))).toBe(uid);
});

test("a body that does not come in time is answered with 408", async () => {
  await using webhook = await startWebhook({ bodyMs: 100 });
  const text = "POST /inject HTTP/1.1\r\nHost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
  expect(await closed(webhook, text)).toMatch(/^HTTP\/1.1 408 .*\r\n\r\nThe review did not arrive in time\.\n$/s);
});

test("no more of all bodies is held than the limit, and others are taken afterwards", async () => {
  await using webhook = await startWebhook({ maxHeldBytes: body.length + 10 });
  const socket = await opened(webhook);
  socket.write(half);
  await until(
    "it is held",
    async () => (await webhook.ask(body).then(uidIn)) === "503 Too much is being sent at once.\n",
  );
  socket.destroy();
  await until("there is room", async () => (await webhook.ask(body).then(uidIn)) === uid);
});

test("a client that does not begin a handshake is let go of", async () => {
  await using webhook = await startWebhook({ handshakeMs: 200 });
  await new Promise<void>((resolve) => {
    connectTcp(webhook.server.port, "127.0.0.1").on("close", () => resolve());
  });
});

test("no more connections are taken than the limit, and others afterwards", async () => {
  await using webhook = await startWebhook({ maxConnections: 2 });
  const held = await Promise.all([1, 2].map(() => opened(webhook)));
  expect(await webhook.ask(body, { keepalive: false }).then(uidIn, () => "refused")).toBe("refused");
  for (const socket of held) socket.destroy();
  await until("there is room", async () => {
    return (await webhook.ask(body, { keepalive: false }).then(uidIn, () => "refused")) === uid;
  });
});

test("when it drains each client is told to go elsewhere, and none is cut off; when it stops those that wait are", async () => {
  const webhook = await startWebhook({ stopMs: 60_000 });
  let over = false;
  const wrong: string[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    while (!over) {
      const asked = await webhook.ask(body).then(uidIn, String);
      if (asked !== uid) wrong.push(asked);
    }
  });
  const idle = await opened(webhook);
  const isClosed = new Promise<void>((resolve) => idle.on("close", () => resolve()));
  expect((await webhook.ask(body)).headers.get("connection")).not.toBe("close");
  webhook.server.drain();
  await until("a client is told", async () => (await webhook.ask(body)).headers.get("connection") === "close");
  over = true;
  await Promise.all(clients);
  expect(wrong).toEqual([]);
  await webhook.server.stop();
  await isClosed;
  await expect(webhook.ask(body, { keepalive: false })).rejects.toThrow();
});

const half = `POST /inject HTTP/1.1\r\nHost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 100)}`;

test("a review that is being sent when it stops is still answered", async () => {
  const webhook = await startWebhook({ stopMs: 60_000 });
  const socket = await opened(webhook);
  socket.write(half);
  // It is known to be there when another one, sent after it, was answered.
  await webhook.ask(body);
  const stopped = webhook.server.stop();
  const answer = new Promise<string>((resolve) => socket.on("data", (bytes: Buffer) => resolve(bytes.toString())));
  socket.write(body.slice(100));
  expect(await answer).toMatch(/^HTTP\/1.1 200 /);
  await stopped;
});

test("a review that does not end does not keep it from stopping", async () => {
  const webhook = await startWebhook({ stopMs: 100 });
  const socket = await opened(webhook);
  const isClosed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.write(half);
  await webhook.ask(body);
  await webhook.server.stop();
  await isClosed;
});

async function uidIn(answer: Response): Promise<string> {
  if (answer.status !== 200) return `${answer.status} ${await answer.text()}`;
  return ((await answer.json()) as { response: { uid: string } }).response.uid;
}

/** Of a new connection. */
async function certificateOf(webhook: Webhook, ca: string): Promise<string> {
  const socket = await opened(webhook, ca);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

function opened({ server, ca: own }: Webhook, ca = own): Promise<ReturnType<typeof connect>> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: server.port, host: "127.0.0.1", ca, servername: serverName }, () => resolve(socket));
    socket.on("error", reject);
  });
}

/** What comes until the other side closes. */
async function closed(webhook: Webhook, text: string): Promise<string> {
  const socket = await opened(webhook);
  return new Promise((resolve) => {
    let said = "";
    socket.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    socket.on("close", () => resolve(said));
    socket.write(text);
  });
}
