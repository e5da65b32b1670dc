import { expect, test } from "bun:test";
import { type Exchanged, exchange } from "../../../gateway/data-plane/upstream/exchange.ts";
import { connectionPool } from "../../../gateway/data-plane/upstream/pool.ts";
import { until } from "../../support/until.ts";

const program = `const { port } = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") }); console.log(port);`;
const connectMs = 200;

/** A server whose process stands still: the kernel takes some hundred connections in its name, and drops every further SYN. */
async function standingServer() {
  const process = Bun.spawn([globalThis.process.execPath, "-e", program], { stdout: "pipe", stderr: "ignore" });
  const { value } = await process.stdout.getReader().read();
  process.kill("SIGSTOP");
  return {
    url: `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`,
    goOn: () => process.kill("SIGCONT"),
    [Symbol.dispose]: () => process.kill("SIGKILL"),
  };
}

test("a server that answers no attempt to connect uses up only so many sockets, and is found again when it does", async () => {
  using server = await standingServer();
  using pool = connectionPool({ connectMs, idleMs: 4000, maxIdle: 8, maxOpen: 10_000 }, Date.now);
  const taken = new AbortController();
  const ask = (client: { readonly signal: AbortSignal } = taken): Promise<Exchanged> =>
    exchange({ method: "GET", target: "/", headers: {}, body: null, client }, server.url, pool);
  const stateOf = async () => (await ask({ signal: AbortSignal.timeout(20_000) })).state;

  // Some give up by themselves, and some of their clients leave before.
  for (let round = 0; round < 4; round++) {
    const leaving = new AbortController();
    for (let asked = 0; asked < 500; asked++) void ask(asked % 2 === 0 ? leaving : taken);
    await Bun.sleep(connectMs / 2);
    leaving.abort();
    await until("the others have given up, too", async () => {
      const before = pool.size;
      await Bun.sleep(connectMs);
      return pool.size === before;
    });
  }
  const waiting = pool.size;
  const first = stateOf();
  expect(pool.size).toBe(waiting + 1);
  expect(await stateOf()).toBe("refused");
  expect(pool.size).toBe(waiting + 1);
  expect(await first).toBe("refused");

  taken.abort();
  server.goOn();
  await until("it answers", async () => (await stateOf()) === "answered");
  const answers = await Promise.all(Array.from({ length: 100 }, stateOf));
  expect(new Set(answers)).toEqual(new Set(["answered"]));
});
