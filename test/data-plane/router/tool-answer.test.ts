import { afterEach, beforeEach, expect, test } from "bun:test";
import { errorIn, type ToolStand, toolStand } from "./tool-stand.ts";

let stack: DisposableStack;
let stand: ToolStand;
let answer: () => Response;

beforeEach(() => {
  stack = new DisposableStack();
  stand = stack.use(toolStand({ maxAnswerBytes: 100_000 }));
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => answer() });
  stack.defer(() => void server.stop(true));
  stand.setReplicas(server.url.href);
});
afterEach(() => stack.dispose());

const typed = (type: string, body: BodyInit | null, status = 200) =>
  new Response(body, { status, headers: { "content-type": type } });
const json = (body: string, status = 200) => typed("application/json", body, status);
const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });

const outputSchema = {
  type: "object" as const,
  properties: { celsius: { type: "number" } },
  required: ["celsius"],
};

test("what a tool answers is the result's text as it came", async () => {
  const bytes = new Uint8Array([0x22, 0xff, 0x41, 0x22]);
  const bytesWithoutType = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("plain"));
      controller.close();
    },
  });
  const cases: [() => Response, string][] = [
    [() => json('{ "celsius":  21 }'), '{ "celsius":  21 }'],
    [() => json("no JSON after all"), "no JSON after all"],
    [() => typed("application/json; charset=utf-8", '"Zürich"', 201), '"Zürich"'],
    [() => typed("application/problem+json", "{}"), "{}"],
    [() => typed("text/plain;charset=UTF-8", "sunny\n"), "sunny\n"],
    [() => typed("text/csv", "a,b"), "a,b"],
    [() => new Response(null, { status: 204 }), ""],
    [() => json(""), ""],
    [() => new Response(bytesWithoutType), "plain"],
    [() => typed("application/json", bytes), '"\ufffdA"'],
    [() => json("x".repeat(100_000)), "x".repeat(100_000)],
  ];
  for (const [given, expected] of cases) {
    answer = given;
    expect(await stand.call()).toEqual(text(expected));
  }
});

test("images and sound are what they are", async () => {
  const bytes = new Uint8Array([0, 1, 254, 255]);
  answer = () => typed("image/png; q=1", bytes);
  expect(await stand.call()).toEqual({ content: [{ type: "image", data: "AAH+/w==", mimeType: "image/png" }] });
  answer = () => typed("Audio/WAV", bytes);
  expect(await stand.call()).toEqual({ content: [{ type: "audio", data: "AAH+/w==", mimeType: "audio/wav" }] });
});

test("an answer that matches the outputSchema is structured content, and its text", async () => {
  answer = () => json('\ufeff{"celsius":21,"more":[1]}');
  expect(await stand.call({}, { tool: { outputSchema } })).toEqual({
    ...text('{"celsius":21,"more":[1]}'),
    structuredContent: { celsius: 21, more: [1] },
  });
});

test("an answer that does not match the outputSchema is an error with the reason", async () => {
  const about = "Error: The tool's answer does not match its outputSchema: ";
  const cases: [() => Response, string][] = [
    [() => json('{"celsius":"hot"}'), `${about}structuredContent.celsius must be number.`],
    [() => json("{}"), `${about}structuredContent.celsius is missing.`],
    [() => json("[21]"), `${about}structuredContent must be object.`],
    [() => json("null"), `${about}structuredContent must be object.`],
    [() => json('{"celsius":'), "Error: The tool's answer is not valid JSON."],
    [() => json(" "), "Error: The tool answered nothing instead of JSON."],
    [() => new Response(null, { status: 204 }), "Error: The tool answered nothing instead of JSON."],
    [() => typed("text/plain", '{"celsius":21}'), "Error: The tool answered text/plain instead of JSON."],
    [() => typed("image/png", "x"), "Error: The tool answered image/png instead of JSON."],
  ];
  for (const [given, words] of cases) {
    answer = given;
    const result = await stand.call({}, { tool: { outputSchema } });
    expect(errorIn(result)).toBe(words);
    expect(result.structuredContent).toBeUndefined();
  }
});

test("what is neither JSON nor text is an error that names it", async () => {
  const cases: [() => Response, string][] = [
    [() => typed("text/html; charset=utf-8", "<h1>It works</h1>"), "The tool answered text/html instead of JSON."],
    [() => typed("application/pdf", "%PDF"), "The tool answered application/pdf instead of JSON."],
    [() => typed("text/event-stream", "data: 1\n\n"), "The tool answered text/event-stream instead of JSON."],
    [() => typed(`x/${"y".repeat(5000)}`, "z"), `The tool answered x/${"y".repeat(98)}… instead of JSON.`],
    [
      () => new Response("x", { headers: { "content-type": "application/json", "content-encoding": "gzip" } }),
      "The tool's answer is encoded, which was not asked for.",
    ],
    [() => json("x".repeat(100_001)), "The tool's answer is larger than 100000 bytes."],
  ];
  for (const [given, words] of cases) {
    answer = given;
    expect(errorIn(await stand.call())).toBe(`Error: ${words}`);
  }
});

test("a failure has the name that the Microsoft gateway gives it, and a 4xx's complaint", async () => {
  const cases: [() => Response, string][] = [
    [() => json('{"password":"x"}', 500), "InternalServerError"],
    [() => typed("text/plain", "stack trace", 503), "ServiceUnavailable"],
    [() => json('{"error":"city: unknown"}', 400), 'BadRequest: {"error":"city: unknown"}'],
    [() => typed("application/problem+json", '{"detail":"no"}', 422), 'UnprocessableEntity: {"detail":"no"}'],
    [() => typed("text/plain", "a\r\n\tb\u0000\u202ec ", 404), "NotFound: a b c"],
    [() => typed("text/html", "<h1>no</h1>", 403), "Forbidden"],
    [() => new Response(null, { status: 401 }), "Unauthorized"],
    [() => typed("text/plain", "x".repeat(90_000), 409), `Conflict: ${"x".repeat(500)}…`],
    [() => new Response("", { status: 418 }), "418"],
    [() => new Response(null, { status: 304 }), "NotModified"],
  ];
  for (const [given, words] of cases) {
    answer = given;
    expect(errorIn(await stand.call())).toBe(`Error: Inference server returned ${words}`);
  }
});

test("a redirect is not followed", async () => {
  answer = () => Response.redirect("http://192.0.2.1/secret", 302);
  expect(errorIn(await stand.call())).toBe("Error: The tool gave no answer: redirects to http://192.0.2.1.");
});

test("connections whose answers were read are used again, those of refused answers are not kept open", async () => {
  answer = () => json("{}");
  for (let call = 0; call < 5; call++) await stand.call();
  expect(stand.connections).toBe(1);
  answer = () => json("x".repeat(200_000));
  for (let call = 0; call < 5; call++) await stand.call();
  expect(stand.connections).toBe(0);
});
