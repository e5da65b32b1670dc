import { expect, test } from "bun:test";
import { runSuite } from "./run-suite.ts";

test("a server that answers no MCP fails the checks, with the reason", async () => {
  await using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("no", { status: 404 }) });
  const { passed, failed, complaints } = await runSuite(`${server.url.origin}/mcp`, "0.1 active");
  // It passes what a dead server passes: a stranger's Host is refused, as everything is.
  expect(passed).toBe(1);
  expect(failed).toBe(30);
  expect(complaints.find(({ scenario }) => scenario === "ping")).toMatchObject({ check: "ping", status: "FAILURE" });
}, 30_000);

test("a suite that does not end in its time is an error that names the suite", async () => {
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Promise<Response>(() => {}),
  });
  await expect(runSuite(`${server.url.origin}/mcp`, "0.1 active", 1500)).rejects.toThrow(
    "0.1 active: ended by SIGKILL within 1500 ms",
  );
}, 30_000);
