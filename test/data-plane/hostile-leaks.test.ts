import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { until } from "../support/until.ts";
import { hostile, mebibyte, mine } from "./hostile-acts.ts";
import { rawGateway } from "./raw-gateway.ts";
import { rawServer, send } from "./raw-server.ts";

const rounds = 300;
const atOnce = 20;

/** What is still in use after everything else is gone, in MiB. */
function memory() {
  for (let round = 0; round < 3; round++) Bun.gc(true);
  return { heap: heapStats().heapSize / mebibyte, resident: process.memoryUsage.rss() / mebibyte };
}

test("300 hostile answers of each kind leave no connection and no memory behind", async () => {
  await using raw = await rawGateway();
  let act: (typeof hostile)[number][1] = (peer) => send(peer, mine);
  using server = rawServer({ request: (peer) => void act(peer) });
  raw.use(server);
  const askAll = async (count: number) => {
    for (let asked = 0; asked < count; asked += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, async () => (await raw.post()).text().catch(() => "broke off")));
    }
  };
  const askEachKind = async (count: number) => {
    for (const [, kind] of hostile) {
      act = kind;
      await askAll(count);
      await until("no connection is left", () => server.peers.size === 0);
      expect(await raw.connections()).toBe(0);
    }
  };
  await askEachKind(rounds / 3);
  const before = memory();
  await askEachKind(rounds);
  const after = memory();
  // Of one answer alone, 10 KiB of each kind would make 70 MiB.
  expect(after.heap - before.heap).toBeLessThan(8);
  expect(after.resident - before.resident).toBeLessThan(96);
  act = (peer) => send(peer, mine);
  expect(await (await raw.post()).text()).toBe("mine");
}, 60_000);
