import { expect, test } from "bun:test";
import { startGatewayProcess, temporaryDirectory } from "../support/process.ts";

const workers = {
  GATEWAY_WORKERS: "2",
  GATEWAY_KEYS: "k".repeat(32),
  STORE_URL: "postgres://gateway@127.0.0.1:1/gateway",
  RUNTIME: "kubernetes",
  GUARD: "off",
};

const wordsOf = (environment: Record<string, string>) =>
  startGatewayProcess("unused", environment).then(
    () => "it started",
    (error: Error) => error.message,
  );

test("workers that cannot start end the gateway, with their words", async () => {
  await using directory = await temporaryDirectory();
  const KUBECONFIG = `${directory.path}/none`;
  const said = await wordsOf({ ...workers, KUBECONFIG, STORE_URL: "postgres://gateway@127.0.0.1:1/gateway?pool=3" });
  expect(said).toContain("pool");
  expect(said).toEndWith("A worker of the gateway has not started; what it wrote says why.");
});

test("a port that somebody else has is not shared with them", async () => {
  using other = Bun.serve({ port: 0, hostname: "127.0.0.1", reusePort: true, fetch: () => new Response("mine") });
  expect(await wordsOf({ ...workers, PORT: String(other.port) })).toBe(
    `Cannot listen on 127.0.0.1:${other.port}. Stop what does, or choose another PORT or HOST.`,
  );
});
