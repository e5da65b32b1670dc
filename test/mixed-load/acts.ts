import * as api from "../../openapi/client/index.ts";
import { until } from "../bench/until.ts";
import type { Random } from "../data-plane/upstream/random.ts";
import { type AdapterDocument, type AdapterName, adapterNames, allowing, passingName, policies } from "./adapters.ts";
import type { Acts } from "./chaos.ts";
import { answering } from "./crews/reference-talk.ts";
import type { Answer } from "./line.ts";
import { toolCall } from "./messages.ts";
import { openSession } from "./session.ts";
import { accepted, type Stand } from "./stand.ts";
import type { World } from "./world.ts";

/** Below it a single kill would leave nobody to answer. */
const fewestReplicas = 2;
const passingLimitMs = 30_000;

/** Chance here is its own, so that what clients draw changes no blow. */
export function actsOn(stand: Stand, world: World, random: Random, replicas: number): Acts {
  const { client, documents } = stand;
  const { ledger, findReplicas } = world;
  let passed = 0;
  let described = 0;
  let policyAt = 0;

  async function put(name: AdapterName, change: Partial<AdapterDocument>): Promise<void> {
    const body = { ...documents[name], ...change };
    accepted(`PUT ${name}`, await api.updateAdapter({ client, path: { name }, body }));
    documents[name] = body;
  }

  /** Those from this instance on have to go. */
  function dismiss(adapter: string, from: number): void {
    findReplicas();
    const dismissed = ledger.staying(adapter).filter(({ name }) => instanceOf(name) >= from);
    for (const { pid } of dismissed) ledger.doom(pid, "dismissed");
  }

  return {
    /** SIGKILL, where others are ready to go on. */
    async kill() {
      const name = random.oneOf(adapterNames);
      const ready = await stand.ready(name);
      findReplicas();
      const victims = ledger.staying(name).filter((replica) => ready.includes(replica.name));
      if (victims.length < fewestReplicas) return `killed no replica of ${name}, which has ${victims.length}`;
      const victim = random.oneOf(victims.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
      ledger.doom(victim.pid, "killed");
      process.kill(victim.pid, "SIGKILL");
      return `killed ${victim.name} (pid ${victim.pid})`;
    },

    async scale() {
      const name = random.oneOf(adapterNames);
      const from = documents[name].replicaCount;
      const counts = [replicas - 1, replicas, replicas + 1, replicas + 2].filter(
        (count) => count >= fewestReplicas && count !== from,
      );
      const to = random.oneOf(counts);
      dismiss(name, to);
      await put(name, { replicaCount: to });
      // One that was killed may have been started again meanwhile.
      dismiss(name, to);
      return `scaled ${name} from ${from} to ${to}`;
    },

    /** Nothing that a replica could notice. */
    async describe() {
      const name = random.oneOf(adapterNames);
      await put(name, { description: `Description ${++described}` });
      return `described ${name}`;
    },

    async policy() {
      policyAt = (policyAt + 1) % policies.length;
      const policy = policies[policyAt] ?? policies[0];
      const done = world.policies.change(policy.tools);
      await put("policed", allowing(policy));
      done();
      return `gave policed policy ${policyAt}`;
    },

    /** Another adapter comes, is of use, and goes. */
    async passing() {
      const name = `${passingName}-${++passed}`;
      const body = { name, imageName: "mcp-example", imageVersion: "1", replicaCount: 1 };
      accepted(`POST ${name}`, await api.createAdapter({ client, body }));
      const isReady = async () => (await stand.ready(name)).length === 1 || undefined;
      await until(`a replica of ${name}`, isReady, { timeoutMs: passingLimitMs });
      const session = await openSession(world, { adapter: name, user: "dev" });
      const id = world.nextId();
      const first = (answer: Answer) =>
        answering(answer, id, ({ result }) =>
          result?.structuredContent?.["count"] === 1 ? undefined : "it is not the first call of its session",
        );
      await session?.ask({ kind: "passing", what: name, body: toolCall(id, "counter"), wrongWith: first });
      dismiss(name, 0);
      accepted(`DELETE ${name}`, await api.deleteAdapter({ client, path: { name } }));
      const afterwards = { kind: "passing", what: `${name} after its end`, body: toolCall(id, "counter") };
      await session?.ask({ ...afterwards, expectedStatus: 404 });
      session?.leave();
      return `registered, used and deleted ${name}`;
    },
  };
}

const instanceOf = (name: string): number => Number(/-(\d+)$/.exec(name)?.[1]);
