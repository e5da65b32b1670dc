import { expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { startGateway } from "../support/gateway.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { startReferenceServer } from "./reference.ts";
import { suiteCounts } from "./run-suite.ts";

test("the official suites give the same through the gateway, over two replicas, as directly", async () => {
  await using first = await startReferenceServer();
  await using second = await startReferenceServer();
  await using store = await temporaryStore();
  const endpoints = [first, second].map(({ url }, i) => endpointAt(new URL(url).origin, `reference-${i}`));
  await using gateway = await startGateway({}, { store, runtime: staticRuntime(endpoints) });
  const body = { name: "reference", imageName: "reference", imageVersion: "1", replicaCount: 2 };
  await api.createAdapter({ client: gateway.as(), body });
  const direct = await suiteCounts(first.url);
  expect(await suiteCounts(gateway.mcpUrl("reference").href)).toEqual(direct);
}, 400_000);
