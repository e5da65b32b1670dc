import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "../../openapi/client/index.ts";
import { type Receiver, startReceiver } from "../support/otlp-receiver.ts";
import { type GatewayProcess, startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { type Plants, plants } from "./plants.ts";

const telling = fileURLToPath(new URL("../fixtures/telling-server.ts", import.meta.url));

/** A gateway that logs all that it ever logs and records every request, and a collector; both are looked at. */
export type Stand = AsyncDisposable & {
  readonly gateway: GatewayProcess;
  readonly receiver: Receiver;
  readonly planted: Plants;
  /** Which planted values are in what the gateway has said since this was last asked, in log and spans, and in its figures. */
  leaks(): Promise<string[]>;
};

type Headers = Record<string, string>;

/** `headers` are those of a caller that may do anything. */
export async function openStand(
  environment: (planted: Plants) => Record<string, string>,
  headers: Headers = {},
): Promise<Stand> {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await temporaryDirectory()).path;
  const receiver = opening.use(startReceiver());
  const planted = plants();
  const catalogue = join(directory, "images.json");
  await writeFile(catalogue, JSON.stringify({ telling: { command: ["bun", telling] } }));
  const gateway = opening.use(
    await startGatewayProcess(join(directory, "data"), {
      IMAGE_CATALOGUE: catalogue,
      LOG_LEVEL: "trace",
      GUARD: "on",
      GUARD_LOG_LEVEL: "trace",
      AUDIT_CALLS: "true",
      MAX_BODY_BYTES: "2000000",
      GATEWAY_KEYS: planted.plant("a gateway key"),
      SECRET_REFERRED: planted.plant("a secret of the gateway's environment"),
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: `api-key=${planted.plant("the collector's key")}`,
      OTEL_BSP_SCHEDULE_DELAY: "20",
      OTEL_TRACES_SAMPLER: "always_on",
      ...environment(planted),
    }),
  );
  const opened = opening.move();
  let [logSeen, postsSeen] = [0, 0];
  return {
    gateway,
    receiver,
    planted,
    async leaks() {
      await everythingSaid();
      const figures = ["text/plain", "application/openmetrics-text"].map(async (accept) =>
        (await fetch(`${gateway.url}/metrics`, { headers: { accept } })).text(),
      );
      const log = gateway.log();
      const posts = receiver.posts.slice(postsSeen).map(({ body }) => body);
      const said = [log.slice(logSeen), ...(await Promise.all(figures)), ...posts];
      logSeen = log.lastIndexOf("\n") + 1;
      postsSeen += posts.length;
      return said.flatMap(planted.foundIn);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };

  /** What is said is said in its order: when the last is there, all is. */
  async function everythingSaid(): Promise<void> {
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const last = await fetch(new URL("/mcp", gateway.url), {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      body,
    });
    await last.text();
    const requestId = last.headers.get("x-request-id") ?? "none";
    const isTold = (attributes: Record<string, unknown>) => attributes["mcp_gateway.request.id"] === requestId;
    await until("the last request is told", () => {
      return gateway.log().includes(requestId) && receiver.spans.some(({ attributes }) => isTold(attributes));
    });
  }
}

/** Registers the server that says `tells` wherever it can, and waits until it is there. */
export async function addTelling(
  { gateway, planted }: Pick<Stand, "gateway" | "planted">,
  client: ReturnType<GatewayProcess["as"]>,
  name: string,
  more: Record<string, unknown> = {},
): Promise<{ tells: string; session: string }> {
  const [tells, session] = [planted.plant("what a server says"), planted.plant("a server's session id")];
  const body = {
    name,
    imageName: "telling",
    imageVersion: "1",
    replicaCount: 1,
    exposeTools: true,
    environmentVariables: {
      TELLS: tells,
      SESSION: session,
      PLAIN: planted.plant("a variable of an adapter"),
      HIDDEN: { secret: true as const, value: planted.plant("a secret of an adapter") },
      REFERRED: { secretRef: { name: "referred" } },
    },
    ...more,
  };
  const { error } = await api.createAdapter({ client, body });
  if (error) throw new Error(JSON.stringify(error));
  await until(`${name} is ready at ${gateway.url}`, async () => {
    const { data } = await api.getAdapterStatus({ client, path: { name } });
    return data?.replicaStatus === "Healthy";
  });
  return { tells, session };
}
