const opened = new TextEncoder().encode(": open\n\n");

/**
 * Passes an answer's stream on and says when it is over. What the client does not read waits here, up to `maxBytes`: then the
 * stream breaks off, and the client resumes it from its last event.
 */
export function watchedStream(response: Response, maxBytes: number, onEnd: () => void): Response {
  if (response.body === null) {
    onEnd();
    return response;
  }
  const reader = response.body.getReader();
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    onEnd();
  };

  async function copy(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (over) return;
        if (done) {
          controller.close();
          return;
        }
        controller.enqueue(value);
        if ((controller.desiredSize ?? 0) <= 0) {
          controller.error(new Error("the client does not read"));
          await reader.cancel();
          return;
        }
      }
    } catch (error) {
      controller.error(error);
    } finally {
      end();
    }
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // Bun sends the headers with the first byte, and a client waits for them before it goes on. SSE ignores comments.
        if (response.headers.get("content-type") === "text/event-stream") controller.enqueue(opened);
        void copy(controller);
      },
      cancel(reason) {
        end();
        return reader.cancel(reason);
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: maxBytes }),
  );
  return new Response(body, { status: response.status, headers: response.headers });
}
