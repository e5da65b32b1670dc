import { expect, test } from "bun:test";
import { replicaNews } from "../../../../gateway/runtime/kubernetes/objects/replica-news.ts";
import type { Pod } from "../../../../gateway/runtime/kubernetes/objects/shapes.ts";
import { type Container, ready, started, unready } from "./seen.ts";

const ended = { terminated: { exitCode: 1 } };
const creating = unready({ state: { waiting: { reason: "ContainerCreating" } } });
const running = ready(0);
const crashed = unready({ state: ended });
/** Between two runs: the kubelet counts the next one when it begins. */
const backingOff = (restartCount: number) =>
  unready({ restartCount, state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: ended });
const runningAgain = (restartCount: number) => unready({ restartCount, state: started, lastState: ended });
const leaving = (container: Partial<Container>): Pod => {
  const pod = unready(container);
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-11-23T09:01:00Z" } };
};

const cases: [promise: string, before: Pod | undefined, now: Pod | undefined, news: string][] = [
  ["a pod that is made is no start yet", undefined, creating, ""],
  ["its program begins", creating, running, "start"],
  ["it is seen late", undefined, running, "start"],
  ["nothing has happened", running, running, ""],
  ["it ends by itself", running, crashed, "crash"],
  ["it waits for its restart", crashed, backingOff(0), ""],
  ["it runs again", backingOff(0), runningAgain(1), "start restart"],
  ["end and restart are seen at once", running, runningAgain(1), "start restart crash"],
  ["it ends again", runningAgain(1), backingOff(1), "crash"],
  ["a whole crash loop is seen late", undefined, backingOff(1), "start start restart crash crash"],
  ["it is told to go", running, leaving({ state: started }), ""],
  ["what is told to go ends as it should", leaving({ state: started }), leaving({ state: ended }), ""],
  ["it is gone", leaving({ state: ended }), undefined, "stop"],
  ["it is gone at once", running, undefined, "stop"],
  ["what never began has not stopped", creating, undefined, ""],
];

for (const [promise, before, now, news] of cases) {
  test(promise, () => {
    const { starts, restarts, crashes, stops } = replicaNews("weather", before, now);
    const words = [
      ...Array(starts).fill("start"),
      ...Array(restarts).fill("restart"),
      ...Array(crashes).fill("crash"),
      ...Array(stops).fill("stop"),
    ];
    expect(words.join(" ")).toBe(news);
  });
}

test("containers beside the program, and programs of others, are no news", () => {
  expect(replicaNews("other", creating, running)).toEqual({ starts: 0, restarts: 0, crashes: 0, stops: 0 });
});
