import { upstreamFigures } from "../bench/upstream/figures.ts";
import { until } from "../bench/until.ts";
import { adapterNames } from "./adapters.ts";
import { lives } from "./replica-processes.ts";
import type { Stand } from "./stand.ts";

/** A replica that was killed several times is started again after half a minute. */
const readyLimitMs = 60_000;
const leaveLimitMs = 5000;

/** What is not as it should be some time after all clients have gone, in words. */
export async function wrongAfter(stand: Stand): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of adapterNames) {
    const { replicaCount } = stand.documents[name];
    const isReady = async () => (await stand.ready(name)).length === replicaCount || undefined;
    await until(`${replicaCount} ready replicas of ${name}`, isReady, { timeoutMs: readyLimitMs }).catch(
      (error: Error) => wrong.push(error.message),
    );
  }
  let kept = 0;
  const isFree = async () => {
    kept = await requestsKept(stand);
    return kept === 0 || undefined;
  };
  await until("no request of a client that has gone", isFree, { timeoutMs: leaveLimitMs }).catch(() =>
    wrong.push(`plain's replicas still hold ${kept} requests and streams of clients that have gone`),
  );
  return wrong;
}

/** Requests and streams that replicas of `plain` hold. */
async function requestsKept(stand: Stand): Promise<number> {
  const ports = stand.plainReplicas().flatMap(({ pid, port }) => (lives(pid) ? [port] : []));
  const figures = await upstreamFigures(ports);
  return figures.reduce(
    (total, { openStreams, left }) => total + openStreams + Object.values(left).filter((at) => at === null).length,
    0,
  );
}
