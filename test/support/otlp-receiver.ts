/** A span as a collector reads it. */
export type ReceivedSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** 1: internal, 2: server, 3: client. */
  readonly kind: number;
  readonly attributes: Record<string, unknown>;
  /** 2: error. */
  readonly status: number;
  /** Since 1970. */
  readonly startMs: number;
  readonly seconds: number;
  readonly resource: Record<string, unknown>;
  readonly scope: string;
};

export type Receiver = AsyncDisposable & {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Each post, its body as it came. */
  readonly posts: { path: string; headers: Headers; body: Uint8Array }[];
};

/** A collector that takes OTLP over HTTP as protobuf. `answer` replaces what it says, and then no spans are kept. */
export function startReceiver(answer?: (request: Request) => Response | Promise<Response>): Receiver {
  const spans: ReceivedSpan[] = [];
  const posts: Receiver["posts"] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const body = await request.bytes();
      posts.push({ path: new URL(request.url).pathname, headers: request.headers, body });
      if (answer) return answer(request);
      spans.push(...spansIn(body));
      return new Response(new Uint8Array(0), { headers: { "content-type": "application/x-protobuf" } });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    spans,
    posts,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** ExportTraceServiceRequest (opentelemetry-proto, trace/v1). */
function spansIn(bytes: Uint8Array): ReceivedSpan[] {
  return fieldsOf(bytes)
    .all(1)
    .flatMap((resourceSpans) => {
      const { message, all } = fieldsOf(resourceSpans);
      const resource = attributesIn(fieldsOf(message(1)).all(1));
      return all(2).flatMap((scopeSpans) => {
        const scoped = fieldsOf(scopeSpans);
        const scope = fieldsOf(scoped.message(1)).text(1);
        return scoped.all(2).map((span) => spanFrom(fieldsOf(span), resource, scope));
      });
    });
}

function spanFrom(span: Fields, resource: Record<string, unknown>, scope: string): ReceivedSpan {
  return {
    traceId: span.hex(1),
    spanId: span.hex(2),
    traceState: span.text(3),
    parentSpanId: span.hex(4),
    name: span.text(5),
    kind: span.number(6),
    startMs: span.number(7) / 1e6,
    seconds: (span.number(8) - span.number(7)) / 1e9,
    attributes: attributesIn(span.all(9)),
    status: fieldsOf(span.message(15)).number(3),
    resource,
    scope,
  };
}

function attributesIn(pairs: Uint8Array[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const { text, message } = fieldsOf(pair);
      const value = fieldsOf(message(2));
      return [text(1), value.has(1) ? value.text(1) : value.number(3)];
    }),
  );
}

type Fields = ReturnType<typeof fieldsOf>;

/** The fields of a protobuf message, by number. */
function fieldsOf(bytes: Uint8Array) {
  const found = new Map<number, (Uint8Array | bigint)[]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const tag = Number(varint());
    const values = found.get(tag >> 3) ?? [];
    values.push(readValue(tag & 7));
    found.set(tag >> 3, values);
  }
  const all = (field: number) => (found.get(field) ?? []).filter((value) => value instanceof Uint8Array);
  const message = (field: number) => all(field)[0] ?? new Uint8Array(0);
  return {
    has: (field: number) => found.has(field),
    all,
    message,
    text: (field: number) => Buffer.from(message(field)).toString(),
    hex: (field: number) => Buffer.from(message(field)).toString("hex"),
    number: (field: number) => Number(found.get(field)?.[0] ?? 0),
  };

  function varint(): bigint {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  function readValue(wireType: number): Uint8Array | bigint {
    switch (wireType) {
      case 0:
        return varint();
      case 1:
        at += 8;
        return view.getBigUint64(at - 8, true);
      case 2: {
        const length = Number(varint());
        at += length;
        return bytes.subarray(at - length, at);
      }
      case 5:
        at += 4;
        return BigInt(view.getUint32(at - 4, true));
    }
    throw new Error(`no wire type ${wireType}`);
  }
}
