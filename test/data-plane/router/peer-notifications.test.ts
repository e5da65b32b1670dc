import { afterEach, beforeEach, expect, test } from "bun:test";
import { startReferenceServer } from "../../conformance/reference.ts";
import {
  type alice,
  events,
  legacyOnly,
  methodsOf,
  modernAnswers,
  peerStand,
  result,
  type Stand,
  scripted,
  textIn,
} from "./stand.ts";
import { v1Server } from "./v1-server.ts";

let stack: AsyncDisposableStack;
let stand: Stand;
beforeEach(() => {
  stack = new AsyncDisposableStack();
  stand = stack.use(peerStand());
});
afterEach(() => stack.disposeAsync());

test("progress is heard in its order, before the answer, in both eras", async () => {
  const progress = async () => {
    const heard: unknown[] = [];
    const params = { name: "test_tool_with_progress", arguments: {}, _meta: { progressToken: "p-1" } };
    const answer = await stand.ask("tools/call", params, { heard: heard as never });
    heard.push(textIn(answer));
    return heard;
  };
  const step = (progress: number) => ({
    method: "notifications/progress",
    params: expect.objectContaining({ progressToken: "p-1", progress, total: 100 }),
  });
  const expected = [step(0), step(50), step(100), "Progress went from 0 to 100."];
  const server = stack.use(await startReferenceServer());
  stand.setReplicas(server.url);
  expect(await progress()).toEqual(expected);

  const old = stack.use(scripted(legacyOnly(server.url)));
  stand.update();
  stand.setReplicas(old.url);
  expect(await progress()).toEqual(expected);
  expect(methodsOf(old)).toContain("initialize");
});

test("a progress token that another request has is not passed on", async () => {
  const forged = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: "other", progress: 1 } };
  const server = stack.use(scripted(modernAnswers(({ id }) => events(forged, { jsonrpc: "2.0", id, result: {} }))));
  stand.setReplicas(server.url);
  const heard: never[] = [];
  const answer = await stand.ask("tools/call", { name: "t", _meta: { progressToken: "mine" } }, { heard });
  expect(answer).toEqual({ state: "result", result: {} });
  expect(heard).toEqual([]);
});

test("a log level goes with each request to a modern server, and once per change to a session", async () => {
  const modern = stack.use(scripted(modernAnswers((message) => result(message, {}))));
  stand.setReplicas(modern.url);
  await stand.call("t", {}, { caller: { logLevel: "debug" } });
  await stand.call("t");
  const levels = modern.got
    .slice(1)
    .map(
      (message) =>
        (message as { params: { _meta: Record<string, unknown> } }).params._meta["io.modelcontextprotocol/logLevel"],
    );
  expect(levels).toEqual(["debug", undefined]);

  const legacy = stack.use(v1Server());
  stand.setReplicas(legacy.url);
  stand.update();
  for (const logLevel of ["info", "info", undefined, "info", "debug", "no such level"]) {
    await stand.call("count", {}, { caller: { logLevel } });
  }
  expect(legacy.levels).toEqual(["info", "debug"]);
  expect(stand.passed.filter((method) => method === "logging/setLevel")).toHaveLength(2);
});

test("a session's log lines are heard by who asked for them, and by a legacy client", async () => {
  stand.setReplicas(stack.use(v1Server()).url);
  const heardAs = async (caller: Partial<typeof alice>) => {
    const heard: { method: string }[] = [];
    await stand.call("log", {}, { caller, heard });
    return heard.map(({ method }) => method);
  };
  expect(await heardAs({ logLevel: "info" })).toEqual(["notifications/message"]);
  expect(await heardAs({})).toEqual([]);
  expect(await heardAs({ era: "legacy" })).toEqual(["notifications/message"]);
});
