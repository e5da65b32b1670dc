import type { KeyPair } from "../keys.ts";
import type { RunningContainer } from "./container.ts";
import type { LogQuery } from "./log.ts";

export type LogServer = AsyncDisposable & { readonly port: number };

/** Serves what containers say to the API server, which alone has the client certificate that is asked for. */
export function startLogServer(options: {
  hostname: string;
  keys: KeyPair;
  authority: string;
  containerOf: (namespace: string, pod: string, container: string) => RunningContainer | undefined;
}): LogServer {
  const server = Bun.serve({
    hostname: options.hostname,
    port: 0,
    // A stream that is followed may be silent for as long as it likes.
    idleTimeout: 0,
    tls: {
      cert: Bun.file(options.keys.certificate),
      key: Bun.file(options.keys.key),
      ca: Bun.file(options.authority),
      requestCert: true,
      rejectUnauthorized: true,
    },
    routes: {
      "/containerLogs/:namespace/:pod/:container": (request) => {
        const { namespace, pod, container: name } = request.params;
        const query = new URL(request.url).searchParams;
        const container = options.containerOf(namespace, pod, name);
        if (!container) return badRequest(`pod "${pod}" has no container "${name}" here`);
        const previous = query.get("previous") === "true";
        const log = container.log(previous);
        if (!log) {
          return badRequest(
            previous
              ? `previous terminated container "${name}" in pod "${pod}" not found`
              : `container "${name}" in pod "${pod}" is waiting to start: ${reasonOf(container)}`,
          );
        }
        return new Response(streamOf(log.read(logQuery(query), request.signal)));
      },
    },
    fetch: () => new Response("this kubelet serves logs only\n", { status: 501 }),
  });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}

function reasonOf(container: RunningContainer): string {
  const { state } = container.status();
  return "waiting" in state ? state.waiting.reason : "ContainerCreating";
}

function logQuery(query: URLSearchParams): LogQuery {
  const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined);
  const sinceSeconds = number("sinceSeconds");
  const sinceTime = query.get("sinceTime");
  return {
    follow: query.get("follow") === "true",
    timestamps: query.get("timestamps") === "true",
    tailLines: number("tailLines"),
    sinceMs:
      sinceSeconds !== undefined ? Date.now() - sinceSeconds * 1_000 : sinceTime ? Date.parse(sinceTime) : undefined,
    limitBytes: number("limitBytes"),
  };
}

function streamOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await texts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await texts.return(undefined);
    },
  });
}

function badRequest(message: string): Response {
  return new Response(message, { status: 400 });
}
