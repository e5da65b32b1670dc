import type { Cluster, Tls } from "../../../../gateway/runtime/kubernetes/api/cluster.ts";
import type { KubeObject } from "../../../../gateway/runtime/kubernetes/api/object-meta.ts";
import type { Service } from "../../../../gateway/runtime/kubernetes/api/objects.ts";

export type Asked = { readonly method: string; readonly url: URL; readonly headers: Headers; readonly body: string };

/** Something on a free port that answers as the test says, and remembers what it was asked. */
export function fakeApi(answer: (asked: Asked) => Response | Promise<Response>, tls?: Bun.TLSOptions) {
  const asked: Asked[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    tls,
    async fetch(request) {
      const one = {
        method: request.method,
        url: new URL(request.url),
        headers: request.headers,
        body: await request.text(),
      };
      asked.push(one);
      return answer(one);
    },
  });
  const origin = `${tls ? "https" : "http"}://127.0.0.1:${server.port}`;
  return { origin, asked, [Symbol.asyncDispose]: () => server.stop(true) };
}

export function clusterAt(server: string, tls: Partial<Tls> = {}, token?: string): Cluster {
  return {
    server,
    namespace: undefined,
    access: () => Promise.resolve({ tls: { rejectUnauthorized: true, ...tls }, token }),
  };
}

/** As the server would say it. */
export function status(code: number, reason: string, message: string, headers?: Record<string, string>): Response {
  return Response.json(
    { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason, message },
    { status: code, headers },
  );
}

export function service(name: string, resourceVersion: string, more: { uid?: string; note?: string } = {}): Service {
  const { uid = `uid-${name}`, note } = more;
  const annotations = note === undefined ? undefined : { note };
  const metadata = { name, namespace: "adapter", uid, resourceVersion, annotations };
  return { apiVersion: "v1", kind: "Service", metadata, spec: {} };
}

export function listOf(items: readonly KubeObject[], resourceVersion: string, next?: string): Response {
  const bare = items.map(({ metadata }) => ({ metadata, spec: {} }));
  return Response.json({
    kind: "ServiceList",
    apiVersion: "v1",
    metadata: { resourceVersion, continue: next },
    items: bare,
  });
}

/** Sends the first bytes of an answer to whoever connects, and hangs up. */
export function hangsUp() {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") },
  });
  return { origin: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => server.stop(true) };
}
