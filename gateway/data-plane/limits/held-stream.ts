/** The same answer; disposes `held` when its body has ended, broken off, or been given up by the client. */
export function disposedWithBody(response: Response, held: Disposable): Response {
  if (!response.body) {
    held[Symbol.dispose]();
    return response;
  }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        held[Symbol.dispose]();
      },
      async cancel(reason) {
        held[Symbol.dispose]();
        await reader.cancel(reason);
      },
    },
    // Without a queue of its own: a slow reader holds the server back.
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}
