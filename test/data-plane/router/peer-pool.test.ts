import { afterEach, beforeEach, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { until } from "../../support/until.ts";
import { legacyAnswers, methodsOf, peerStand, principal, result, type Scripted, scripted } from "./stand.ts";

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const as = (id: string) => ({ caller: { principal: principal(id) } });
const deletedIn = ({ requests }: Scripted) =>
  requests.filter(({ method }) => method === "DELETE").map(({ headers }) => headers.get("mcp-session-id"));

/** Counts its sessions; a call of "slow" takes until it is let go. */
function counting(slow: Promise<void> = Promise.resolve()): Scripted {
  let sessions = 0;
  const answers = legacyAnswers(
    async (message) => {
      if (message.params?.name === "slow") await slow;
      return result(message, {});
    },
    { session: () => `s-${++sessions}` },
  );
  return stack.use(scripted(answers));
}

test("more connections than the limit are not kept: the one that was used longest ago goes, and its session ends", async () => {
  const stand = stack.use(peerStand({ connections: 2 }));
  const server = counting();
  stand.setReplicas(server.url);
  await stand.call("t", {}, as("a"));
  await stand.call("t", {}, as("b"));
  await stand.call("t", {}, as("a"));
  await stand.call("t", {}, as("c"));
  await until("a session ends", () => deletedIn(server).length > 0);
  expect(deletedIn(server)).toEqual(["s-2"]);
});

test("a connection that has to go is let finish what is under way", async () => {
  const stand = stack.use(peerStand({ connections: 1 }));
  const slow = Promise.withResolvers<void>();
  const server = counting(slow.promise);
  stand.setReplicas(server.url);
  const underWay = stand.call("slow", {}, as("a"));
  await until("it is under way", () => methodsOf(server).includes("tools/call"));
  await stand.call("t", {}, as("b"));
  expect(deletedIn(server)).toEqual([]);
  slow.resolve();
  expect(await underWay).toMatchObject({ state: "result" });
  await until("its session ends", () => deletedIn(server).length > 0);
  expect(deletedIn(server)).toEqual(["s-1"]);
});

test("a connection that has to go while it opens is let open, used, and closed", async () => {
  const stand = stack.use(peerStand({ connections: 1 }));
  const server = counting();
  stand.setReplicas(server.url);
  const answers = await Promise.all(["a", "b", "c"].map((id) => stand.call("t", {}, as(id))));
  expect(answers.map(({ state }) => state)).toEqual(["result", "result", "result"]);
  await until("all but one session end", () => deletedIn(server).length === 2);
  expect(methodsOf(server).filter((method) => method === "initialize")).toHaveLength(3);
  const deleted = server.requests.map(({ method, headers }) =>
    method === "DELETE" ? headers.get("mcp-session-id") : "",
  );
  for (const session of deletedIn(server)) {
    const after = server.requests.slice(deleted.indexOf(session) + 1);
    expect(after.some(({ headers }) => headers.get("mcp-session-id") === session)).toBe(false);
  }
});

test("a connection that nobody uses is closed after a while, one with a call under way is not", async () => {
  const stand = stack.use(peerStand({ idleMs: 100 }));
  const slow = Promise.withResolvers<void>();
  const server = counting(slow.promise);
  stand.setReplicas(server.url);
  const underWay = stand.call("slow", {}, as("a"));
  await until("it is under way", () => methodsOf(server).includes("tools/call"));
  await stand.call("t", {}, as("b"));
  await until("the idle one is closed", () => deletedIn(server).length > 0);
  expect(deletedIn(server)).toEqual(["s-2"]);
  await stand.call("t", {}, as("a"));
  expect(methodsOf(server).filter((method) => method === "initialize")).toHaveLength(2);
  slow.resolve();
  expect(await underWay).toMatchObject({ state: "result" });
  await until("the other one is closed", () => deletedIn(server).length === 2);
  expect(deletedIn(server)).toEqual(["s-2", "s-1"]);
});

test("to dispose of it ends what is under way and every session, and nothing is asked afterwards", async () => {
  const stand = stack.use(peerStand());
  const slow = Promise.withResolvers<void>();
  const server = counting(slow.promise);
  stand.setReplicas(server.url);
  for (const id of ["a", "b", "c"]) await stand.call("t", {}, as(id));
  const underWay = stand.call("slow", {}, as("a"));
  await until("it is under way", () => methodsOf(server).filter((method) => method === "tools/call").length === 4);
  await stand.peers[Symbol.asyncDispose]();
  expect(await underWay).toEqual({ state: "unavailable", reason: "The gateway is closing" });
  expect(deletedIn(server).sort()).toEqual(["s-1", "s-2", "s-3"]);
  expect(await stand.call("t", {}, as("a"))).toEqual({ state: "unavailable", reason: "The gateway is closing" });
  slow.resolve();
});

test("peers that are disposed of leave no stream and no timer, and let their process end", async () => {
  const program = fileURLToPath(new URL("./disposed-peers.ts", import.meta.url));
  const child = Bun.spawn([process.execPath, program], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const said = await child.stdout.text();
  expect(await child.exited).toBe(0);
  expect(said).toBe("12 streams open\ndisposed: 0 streams, 0 timers left\n");
});
