/** Is told what becomes of an answer's body. */
export type BodyWatch = {
  saw?(piece: Uint8Array): void;
  /** Once, and before the client knows: it has ended, broken off, or been given up by the client. There may be none at all. */
  over(how: "complete" | "broken" | "abandoned"): void;
};

/** The same answer, under the eyes of `watch`. */
export function watchedBody(response: Response, watch: BodyWatch): Response {
  if (!response.body) {
    watch.over("complete");
    return response;
  }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            watch.saw?.(value);
            controller.enqueue(value);
            return;
          }
          watch.over("complete");
          controller.close();
        } catch (error) {
          watch.over("broken");
          controller.error(error);
        }
      },
      async cancel(reason) {
        watch.over("abandoned");
        await reader.cancel(reason);
      },
    },
    // Without a queue of its own: a slow reader holds the server back.
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}
