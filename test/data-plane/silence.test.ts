import { expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { startGateway } from "../support/gateway.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";

const silenceMs = 15_000;

test("15 seconds of silence cut neither a stream nor a slow answer", async () => {
  await using store = await temporaryStore();
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => {
      if (request.method === "POST") {
        await Bun.sleep(silenceMs);
        return new Response("slow");
      }
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue("before ");
          await Bun.sleep(silenceMs);
          controller.enqueue("after");
          controller.close();
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  });
  await using runtime = staticRuntime([endpointAt(`http://127.0.0.1:${server.port}`, "x-0")]);
  await using gateway = await startGateway({}, { store, runtime });
  await api.createAdapter({ client: gateway.as(), body: { name: "x", imageName: "x", imageVersion: "1" } });
  const [stream, answer] = await Promise.all([
    fetch(gateway.mcpUrl("x")).then((response) => response.text()),
    fetch(gateway.mcpUrl("x"), { method: "POST", body: "{}" }).then((response) => response.text()),
  ]);
  expect(stream).toBe(":\n\nbefore after");
  expect(answer).toBe("slow");
}, 40_000);
