import { expect } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { type GatewayProcess, temporaryDirectory } from "../support/process.ts";
import { forgetLease, whenAgreed } from "./agreement.ts";
import { adapterOf, clusterOfFile, podLimitMs, register, startGatewayOn, whenReady } from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("gateways that die at any time");

/** From the moment at which three changes are sent. */
const delaysMs = [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512];

/** What was answered before the gateway died, with its status. */
type Answered = { created?: number; updated?: number; deleted?: number };

/** Sends three changes at once, and kills the gateway after the delay. */
async function changeAndKill(gateway: GatewayProcess, round: number, delayMs: number): Promise<Answered> {
  const client = gateway.as();
  const answered: Answered = {};
  const note = (what: keyof Answered) => (answer: { response?: Response }) => {
    if (answer.response) answered[what] = answer.response.status;
  };
  const kept = adapterOf("kept", { imageVersion: versionIn(round) });
  const name = `a-${round - 1}`;
  const changes = [
    api.createAdapter({ client, body: adapterOf(`a-${round}`) }).then(note("created")),
    api.updateAdapter({ client, path: { name: "kept" }, body: kept }).then(note("updated")),
    api.deleteAdapter({ client, path: { name } }).then(note("deleted")),
  ];
  await Bun.sleep(delayMs);
  await gateway.end("SIGKILL");
  await Promise.allSettled(changes);
  return answered;
}

const versionIn = (round: number) => (round % 2 === 0 ? "1" : "2");

clusterTest(
  "whenever a gateway is killed the next one brings agreement, and what was answered is so",
  async () => {
    await using data = await temporaryDirectory();
    let gateway = await startGatewayOn(cluster(), data.path);
    await using _ = { [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
    await register(gateway.as(), adapterOf("kept", { imageVersion: "2" }));
    for (const [round, delayMs] of delaysMs.entries()) {
      const known = await api.getAdapter({ client: gateway.as(), path: { name: `a-${round - 1}` } });
      if (known.response?.status === 404) await register(gateway.as(), adapterOf(`a-${round - 1}`));
      await whenReady(gateway.as(), `a-${round - 1}`, 1);

      const answered = await changeAndKill(gateway, round, delayMs);
      await forgetLease(cluster());
      gateway = await startGatewayOn(cluster(), data.path);
      const agreed = await whenAgreed(gateway.as(), cluster());
      const names = agreed.map((line) => line.split(" ")[0]);
      if (answered.created) expect([answered.created, names]).toEqual([201, expect.arrayContaining([`a-${round}`])]);
      if (answered.updated) expect(agreed).toContain(`kept mcp-example:${versionIn(round)} 1`);
      if (answered.deleted) expect(names).not.toContain(`a-${round - 1}`);
    }
  },
  podLimitMs * 4,
);
