export type WaitingServer = AsyncDisposable & {
  readonly origin: string;
  /** Where anything waits it goes on now, saying `after`. */
  goOn(): void;
  /** What such a silent stream says, of lines with this mark. */
  silence(mark: string): ReadableStream<Uint8Array>;
};

/**
 * A server that does what a request's query says under `do`: `answer`s, or `wait`s before that; answers with a `stream`, which says
 * `before` and ends, or is in `silence` before it does.
 */
export function waitingServer(): WaitingServer {
  const release = Promise.withResolvers<void>();
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: answer });
  return {
    origin: server.url.origin,
    goOn: () => release.resolve(),
    silence: (mark) => inTwo(mark, release.promise),
    [Symbol.asyncDispose]: () => server.stop(true),
  };

  async function answer({ url }: Request): Promise<Response> {
    const what = new URL(url).searchParams.get("do");
    const stream = { headers: { "content-type": "text/event-stream" } };
    if (what === "stream") return new Response(inTwo("data: ", Bun.sleep(50)), stream);
    if (what === "silence") return new Response(inTwo("data: ", release.promise), stream);
    if (what === "wait") await release.promise;
    return Response.json("after");
  }
}

/** Two lines, an empty one behind each, and a pause between them. */
function inTwo(mark: string, pause: Promise<void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(Buffer.from(`${mark}before\n\n`));
      await pause;
      controller.enqueue(Buffer.from(`${mark}after\n\n`));
      controller.close();
    },
  });
}
