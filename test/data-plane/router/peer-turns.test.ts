import { expect, test } from "bun:test";
import { readMessages } from "../../../gateway/data-plane/router/peers/messages.ts";
import { turnsDuring } from "../../support/turns.ts";

test.each(["data:\n\n", ":\n\n", "\r\n", "data:{}\n\n"])(
  "others have their turn while half a mebibyte of events as %j is read of a server",
  async (event) => {
    const bytes = Buffer.from(event.repeat(Math.floor((512 * 1024) / event.length)));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    let taken = 0;
    const { turns, result } = await turnsDuring(() =>
      readMessages(new Response(body, { headers: { "content-type": "text/event-stream" } }), {
        take() {
          taken++;
          return false;
        },
        maxBytes: Number.POSITIVE_INFINITY,
        maxEventBytes: 1024,
        signal: new AbortController().signal,
      }),
    );
    expect(result.state).toBe("ended");
    expect(taken).toBe(event.includes("{}") ? bytes.length / event.length : 0);
    expect(turns).toBeGreaterThanOrEqual(7);
  },
);
