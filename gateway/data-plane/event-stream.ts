/** An SSE comment: every client skips it (WHATWG HTML §9.2.6). */
const comment = new TextEncoder().encode(":\n\n");

/**
 * The same event stream, with its headers on the wire now. Bun.serve holds the end of the headers back until the first
 * byte of a body, and a session's stream may be silent for hours, while some clients wait for its headers before they do
 * anything else. So a comment goes first; what the server sends follows untouched.
 */
export function announced(response: Response): Response {
  const { body } = response;
  if (!body) return response;
  const source: DirectSource = {
    type: "direct",
    async pull(client) {
      client.write(comment);
      await client.flush(true);
      await body.pipeTo(
        new WritableStream<Uint8Array>({
          async write(chunk) {
            client.write(chunk);
            await client.flush(true);
          },
        }),
      );
      client.close();
    },
    cancel: (reason) => body.cancel(reason).catch(() => {}),
  };
  return new Response(new ReadableStream(source as never), response);
}

/** Bun's direct streams: no queue of their own, and flush(true) waits for a slow reader. */
type DirectSource = {
  type: "direct";
  pull(client: {
    write(chunk: Uint8Array): number;
    flush(wait: true): number | Promise<number>;
    close(): void;
  }): Promise<void>;
  cancel(reason: unknown): Promise<void>;
};
