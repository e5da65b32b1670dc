import { expect, test } from "bun:test";
import { addRateFields, type Limited, limitedAnswer } from "../../gateway/data-plane/limits/limited.ts";

async function answer(limited: Omit<Limited, "state">) {
  const response = limitedAnswer({ state: "limited", ...limited }, 'adapter "weather"');
  return { status: response.status, headers: response.headers.toJSON(), body: (await response.json()) as unknown };
}

test("too many requests are answered with what is allowed and when to try again, for models and for programs", async () => {
  expect(await answer({ what: "requests", limit: 60, retryAfterSeconds: 12 })).toEqual({
    status: 429,
    headers: {
      "content-type": "application/json;charset=utf-8",
      "retry-after": "12",
      ratelimit: '"gateway";r=0;t=12',
      "ratelimit-policy": '"gateway";q=60;w=60',
    },
    body: {
      jsonrpc: "2.0",
      error: {
        code: -32600,
        message: 'Too many calls to adapter "weather": 60 per minute are allowed. Try again in 12 s.',
        data: { what: "requests", limit: 60, retryAfterSeconds: 12 },
      },
      id: null,
    },
  });
});

test("too many streams and sessions say which to close", async () => {
  const streams = await answer({ what: "streams", limit: 4, retryAfterSeconds: 5 });
  expect(streams.body).toMatchObject({
    error: { message: "Too many open event streams: 4 at once are allowed. Close one, or try again in 5 s." },
  });
  expect(streams.headers).toEqual({ "content-type": "application/json;charset=utf-8", "retry-after": "5" });
  expect((await answer({ what: "sessions", limit: 20, retryAfterSeconds: 600 })).body).toMatchObject({
    error: {
      message:
        'Too many open sessions on adapter "weather": 20 at once are allowed. End one with DELETE, or try again in 600 s.',
    },
  });
});

test("our policy stands beside one of the MCP server's own", () => {
  const headers = new Headers({ ratelimit: '"burst";r=3' });
  addRateFields(headers, { limit: 60, remaining: 42, resetSeconds: 7 });
  expect(headers.get("ratelimit")).toBe('"burst";r=3, "gateway";r=42;t=7');
  expect(headers.get("ratelimit-policy")).toBe('"gateway";q=60;w=60');
});
