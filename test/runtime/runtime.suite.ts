import { describe, expect, test } from "bun:test";
import { readLines } from "../../gateway/runtime/local/lines.ts";
import type { Endpoint, LogRequest, Runtime, Workload, WorkloadStatus } from "../../gateway/runtime/runtime.ts";
import { until } from "../support/until.ts";
import { rawSession } from "./raw-session.ts";
import { workload } from "./workload.ts";

/** A runtime with nothing in it. Its images are the bundled ones and `server`, which is programs/server.ts. */
export type RuntimeBench = AsyncDisposable & {
  readonly runtime: Runtime;
  /** All that the gateway has logged so far. */
  readonly logged: () => string;
  putSecret(name: string, key: string, value: string): Promise<void>;
};

export type RuntimeTraits = {
  /** Where nothing can be run: the suite is skipped, and whoever skips it has said why. */
  readonly isSkipped?: boolean;
  /** An image that nobody has is refused before it is applied, or found out while it is pulled. */
  readonly missingImage: { readonly refused: string } | { readonly reason: string };
  /** How long a replica may take for whatever it has to do. */
  readonly limitMs: number;
};

/** What every runtime promises to the control plane and to the data plane. */
export function runtimeSuite(name: string, open: () => Promise<RuntimeBench>, traits: RuntimeTraits): void {
  const { limitMs } = traits;
  const promise = (what: string, holds: (bench: RuntimeBench) => Promise<void>) =>
    test.skipIf(traits.isSkipped ?? false)(
      what,
      async () => {
        await using bench = await open();
        await holds(bench);
      },
      4 * limitMs,
    );

  describe(name, () => {
    promise("replicas that are applied become endpoints, each its own, and speak MCP", async ({ runtime }) => {
      const wanted = workload({ imageName: "mcp-example", imageVersion: "1.0.0", replicaCount: 2 });
      expect(runtime.refusal(wanted)).toBeUndefined();
      await runtime.apply(wanted);
      const endpoints = await ready(runtime, 2);
      expect(endpoints.map((endpoint) => endpoint.name)).toEqual(["weather-0", "weather-1"]);
      expect(new Set(endpoints.map(({ id }) => id)).size).toBe(2);
      for (const { id } of endpoints) expect(id).toMatch(/^[\w-]{8,80}$/);
      const answering = endpoints.map(async ({ origin }) => {
        const session = await rawSession(origin);
        const answer = await session.call("tools/call", { name: "whoami", arguments: {} });
        await session.end();
        return answer.result?.["structuredContent"];
      });
      expect(await Promise.all(answering)).toMatchObject([{ replica: "weather-0" }, { replica: "weather-1" }]);
      const replica = { state: "ready", restarts: 0, reason: null } as const;
      expect(await runtime.status(wanted)).toEqual({
        desired: 2,
        ready: 2,
        updated: 2,
        image: "mcp-example:1.0.0",
        observedRevision: 1,
        reason: null,
        replicas: [
          { name: "weather-0", instance: 0, ...replica },
          { name: "weather-1", instance: 1, ...replica },
        ],
      });
      await until("it is listed", async () => (await runtime.names()).join() === "weather");
    });

    promise("what is applied again stays as it is", async ({ runtime }) => {
      await runtime.apply(workload());
      await ready(runtime, 1);
      const before = runtime.endpoints.of("weather");
      const heard: string[] = [];
      runtime.endpoints.subscribe((changed) => heard.push(changed));
      await runtime.apply(workload());
      await runtime.apply(workload({ revision: 2 }));
      await until("it is seen", async () => (await runtime.status(workload({ revision: 2 })))?.observedRevision === 2);
      // A change of another workload is told after whatever was to be told of this one.
      await runtime.apply(workload({ name: "other" }));
      await ready(runtime, 1, "other");
      expect(runtime.endpoints.of("weather")).toBe(before);
      expect(new Set(heard)).toEqual(new Set(["other"]));
      expect((await runtime.status(workload({ revision: 2 })))?.replicas[0]?.restarts).toBe(0);
    });

    promise("scaling touches no replica that stays", async ({ runtime }) => {
      await runtime.apply(workload());
      const one = await ready(runtime, 1);
      await runtime.apply(workload({ replicaCount: 3, revision: 2 }));
      const three = await ready(runtime, 3);
      expect(three[0]).toEqual(one[0] as Endpoint);
      await runtime.apply(workload({ replicaCount: 2, revision: 3 }));
      expect(await ready(runtime, 2)).toEqual(three.slice(0, 2));
      await runtime.apply(workload({ replicaCount: 0, revision: 4 }));
      await until("none is left", () => runtime.endpoints.of("weather").length === 0, limitMs);
      expect(await runtime.names()).toEqual(["weather"]);
    });

    promise("a change of the environment replaces every replica", async ({ runtime }) => {
      const first = workload({ replicaCount: 2, environment: { LEVEL: "one" } });
      await runtime.apply(first);
      const before = await ready(runtime, 2);
      expect((await ask<Record<string, string>>(before[0], "/env")).LEVEL).toBe("one");
      const second = workload({ replicaCount: 2, environment: { LEVEL: "two" }, revision: 2 });
      await runtime.apply(second);
      const old = new Set(before.map(({ id }) => id));
      const after = await until(
        "both are new",
        () => {
          const now = runtime.endpoints.of("weather");
          return now.length === 2 && now.every(({ id, state }) => !old.has(id) && state === "ready") && now;
        },
        limitMs,
      );
      const levels = after.map(async (endpoint) => (await ask<Record<string, string>>(endpoint, "/env")).LEVEL);
      expect(await Promise.all(levels)).toEqual(["two", "two"]);
      const status = await statusThat(runtime, second, "all is new", ({ updated, replicas }) => {
        return updated === 2 && replicas.length === 2;
      });
      expect(status).toMatchObject({ desired: 2, ready: 2, observedRevision: 2, reason: null });
    });

    promise("the revision that is observed is the applied one, not the wanted one", async ({ runtime }) => {
      await runtime.apply(workload({ revision: 7 }));
      await ready(runtime, 1);
      expect((await runtime.status(workload({ revision: 7 })))?.observedRevision).toBe(7);
      expect((await runtime.status(workload({ revision: 8 })))?.observedRevision).toBe(7);
    });

    promise("a program that ends is started again, as another endpoint, and that is counted", async ({ runtime }) => {
      await runtime.apply(workload({ replicaCount: 2 }));
      const before = await ready(runtime, 2);
      await ask(before[1], "/exit?n=3").catch(() => undefined);
      const after = await until(
        "another one is ready",
        () => {
          const now = inOrder(runtime.endpoints.of("weather"));
          return now.length === 2 && now[1]?.id !== before[1]?.id && now;
        },
        limitMs,
      );
      expect(after[0]).toEqual(before[0] as Endpoint);
      expect(after[1]?.name).toBe("weather-1");
      const status = await statusThat(runtime, workload({ replicaCount: 2 }), "all is well", (now) => now.ready === 2);
      expect(status.replicas.map(({ restarts }) => restarts)).toEqual([0, 1]);
    });

    promise("a program that cannot run is waited for, and its ending is told", async ({ runtime }) => {
      const wanted = workload({ environment: { CRASH: "7" } });
      await runtime.apply(wanted);
      const status = await statusThat(runtime, wanted, "it has ended twice", ({ replicas }) => {
        return replicas[0]?.state === "waiting" && replicas[0].restarts >= 1;
      });
      expect(status.replicas[0]?.reason).toContain("exited with code 7");
      expect(status).toMatchObject({ desired: 1, ready: 0 });
      expect(runtime.endpoints.of("weather")).toEqual([]);
    });

    promise("what is removed is gone, and a namesake has other replicas", async ({ runtime }) => {
      // They take their time.
      const environment = { IGNORE_TERM: "1" };
      await runtime.apply(workload({ replicaCount: 2, environment, pod: { terminationGracePeriodSeconds: 1 } }));
      const before = await ready(runtime, 2);
      await runtime.remove("weather");
      expect(runtime.endpoints.of("weather")).toEqual([]);
      expect(await runtime.names()).toEqual([]);
      expect((await runtime.status(workload({ replicaCount: 2 })))?.replicas ?? []).toEqual([]);
      expect(await runtime.logs("weather", request())).toEqual({ state: "absent" });
      for (const endpoint of before) await expect(ask(endpoint, "/pid")).rejects.toThrow();
      await runtime.remove("weather");

      await runtime.apply(workload({ uid: "uid-2", replicaCount: 2 }));
      const after = await ready(runtime, 2);
      expect(after.filter(({ id }) => before.some((old) => old.id === id))).toEqual([]);
    });

    promise("what is removed right after it was applied is gone when that is said", async ({ runtime }) => {
      await runtime.apply(workload({ replicaCount: 2 }));
      await runtime.remove("weather");
      await until("it is no longer listed", async () => (await runtime.names()).length === 0);
      expect((await runtime.status(workload()))?.replicas ?? []).toEqual([]);
    });

    promise("the removal of a workload is over, even if a namesake has come meanwhile", async ({ runtime }) => {
      await runtime.apply(workload({ environment: { IGNORE_TERM: "1" }, pod: { terminationGracePeriodSeconds: 2 } }));
      const [before] = await ready(runtime, 1);
      const removal = runtime.remove("weather");
      await until("it goes", () => runtime.endpoints.of("weather")[0]?.state !== "ready", limitMs);
      // It may meet what is just being taken away; the reconciler too would ask again.
      const namesake = workload({ uid: "uid-2", replicaCount: 2 });
      const apply = () =>
        runtime.apply(namesake).then(
          () => true,
          () => false,
        );
      await until("the new one is taken", apply, limitMs);
      await removal;
      const after = await ready(runtime, 2);
      expect(after.map(({ id }) => id)).not.toContain(before?.id);
    });

    promise("workloads whose names begin alike are not mistaken for each other", async ({ runtime }) => {
      const other = workload({ name: "weather-1", kind: "tool", environment: { LEVEL: "other" } });
      await runtime.apply(workload({ replicaCount: 2 }));
      await runtime.apply(other);
      const [mine, theirs] = [await ready(runtime, 2), await ready(runtime, 1, "weather-1")];
      expect(theirs[0]?.name).toBe("weather-1-0");
      expect((await ask<Record<string, string>>(theirs[0], "/env")).LEVEL).toBe("other");
      await runtime.remove("weather");
      expect(runtime.endpoints.of("weather-1")).toEqual(theirs);
      expect(mine.some(({ id }) => id === theirs[0]?.id)).toBe(false);
      expect(await runtime.names()).toEqual(["weather-1"]);
      expect((await runtime.status(other))?.ready).toBe(1);
    });

    promise("an image that nobody has is told in words", async ({ runtime }) => {
      const wanted = workload({ imageName: "wether" });
      const { missingImage } = traits;
      if ("refused" in missingImage) {
        expect(runtime.refusal(wanted)).toEqual({
          why: "unrunnable",
          detail: expect.stringContaining(missingImage.refused),
        });
        await expect(runtime.apply(wanted)).rejects.toThrow(missingImage.refused);
        expect((await runtime.status(wanted))?.reason).toContain(missingImage.refused);
        expect(await runtime.names()).toEqual([]);
      } else {
        await runtime.apply(wanted);
        const status = await statusThat(runtime, wanted, "it is told", ({ replicas }) => {
          return replicas[0]?.reason?.includes("cannot be pulled") ?? false;
        });
        expect(status.replicas[0]).toEqual({
          name: "weather-0",
          instance: 0,
          state: "starting",
          restarts: 0,
          reason: missingImage.reason,
        });
        expect(await runtime.logs("weather", request())).toEqual({ state: "starting" });
      }
      expect(runtime.endpoints.of("weather")).toEqual([]);
    });

    promise("the last lines of an instance can be read, as many as asked for", async ({ runtime }) => {
      await runtime.apply(workload());
      const [endpoint] = await ready(runtime, 1);
      await print(endpoint, 4);
      await until("they are there", async () => (await linesOf(runtime, {})).length === 4);
      expect(await linesOf(runtime, {})).toEqual(["line 1", "line 2", "line 3", "line 4"]);
      expect(await linesOf(runtime, { tailLines: 2 })).toEqual(["line 3", "line 4"]);
    });

    promise("there are no logs of what does not exist", async ({ runtime }) => {
      await runtime.apply(workload());
      await ready(runtime, 1);
      expect(await runtime.logs("weather", request({ instance: 1 }))).toEqual({ state: "absent" });
      expect(await runtime.logs("other", request())).toEqual({ state: "absent" });
    });

    promise("an instance is starting until its program has run", async ({ runtime }) => {
      const seen: string[] = [];
      await runtime.apply(workload());
      const open = await until(
        "it has run",
        async () => {
          const logs = await runtime.logs("weather", request());
          seen.push(logs.state);
          return logs.state === "open" && logs;
        },
        limitMs,
      );
      await open.lines.cancel();
      // What has just been applied may not be known yet.
      const known = seen.slice(seen.findIndex((state) => state !== "absent"));
      expect(new Set(known)).toEqual(new Set(["starting", "open"]));
    });

    promise("who follows sees what is written, as it is, and ends with its signal", async ({ runtime }) => {
      await runtime.apply(workload());
      const [endpoint] = await ready(runtime, 1);
      const stop = new AbortController();
      const logs = await runtime.logs("weather", request({ follow: true, signal: stop.signal }));
      if (logs.state !== "open") throw new Error(logs.state);
      const lines: string[] = [];
      const over = readLines(logs.lines, 1_000, (line) => lines.push(line)).catch(() => undefined);
      // So far the program was silent.
      await print(endpoint, 1);
      await until("one line", () => lines.length === 1, limitMs);
      await print(endpoint, 2);
      await until("all lines", () => lines.length === 3, limitMs);
      expect(lines).toEqual(["line 1", "line 1", "line 2"]);
      stop.abort();
      await over;
    });

    promise("a secret reaches the replica, and neither status nor log of the gateway", async (bench) => {
      const { runtime } = bench;
      await bench.putSecret("database", "password", "the-very-secret");
      const environment = { PASSWORD: { secretRef: { name: "database", key: "password" } }, PLAIN: "$(PASSWORD) $$" };
      const wanted = workload({ environment });
      expect(runtime.refusal(wanted)).toBeUndefined();
      await runtime.apply(wanted);
      const [endpoint] = await ready(runtime, 1);
      expect(await ask<Record<string, string>>(endpoint, "/env")).toMatchObject({
        PASSWORD: "the-very-secret",
        PLAIN: "$(PASSWORD) $$",
      });
      expect(JSON.stringify(await runtime.status(wanted))).not.toContain("the-very-secret");
      await ask(endpoint, "/exit?n=1").catch(() => undefined);
      await until("it is another one", () => {
        const [now] = runtime.endpoints.of("weather");
        return now !== undefined && now.id !== endpoint?.id;
      });
      expect(JSON.stringify(await runtime.status(wanted))).not.toContain("the-very-secret");
      await runtime.remove("weather");
      expect(bench.logged()).not.toContain("the-very-secret");
    });

    promise("whoever subscribes to endpoints is told what is so already, until it has enough", async ({ runtime }) => {
      const heard: [string, number][] = [];
      const unsubscribe = runtime.endpoints.subscribe((changed) => {
        heard.push([changed, runtime.endpoints.of(changed).filter(({ state }) => state === "ready").length]);
      });
      await runtime.apply(workload());
      await ready(runtime, 1);
      expect(heard).toEqual([["weather", 1]]);
      await runtime.remove("weather");
      expect(heard.at(-1)).toEqual(["weather", 0]);
      unsubscribe();
      const { length } = heard;
      await runtime.apply(workload({ uid: "uid-2" }));
      await ready(runtime, 1);
      expect(heard.length).toBe(length);
    });
  });

  async function ready(runtime: Runtime, count: number, name = "weather"): Promise<readonly Endpoint[]> {
    const endpoints = await until(
      `${count} endpoints of ${name}`,
      () => {
        const now = runtime.endpoints.of(name);
        return now.length === count && now.every(({ state }) => state === "ready") && now;
      },
      limitMs,
    );
    return inOrder(endpoints);
  }

  async function statusThat(
    runtime: Runtime,
    wanted: Workload,
    what: string,
    holds: (status: WorkloadStatus) => boolean,
  ): Promise<WorkloadStatus> {
    const look = async () => {
      const status = await runtime.status(wanted);
      return status && holds(status) && status;
    };
    return await until(what, look, limitMs);
  }
}

export function request(changes: Partial<LogRequest> = {}): LogRequest {
  const { signal } = new AbortController();
  return { instance: 0, tailLines: 1000, follow: false, previous: false, signal, ...changes };
}

export async function linesOf(runtime: Runtime, changes: Partial<LogRequest>, name = "weather"): Promise<string[]> {
  const logs = await runtime.logs(name, request(changes));
  if (logs.state !== "open") throw new Error(logs.state);
  return (await new Response(logs.lines).text()).split("\n").slice(0, -1);
}

export async function ask<T>(endpoint: Endpoint | undefined, path: string): Promise<T> {
  const response = await fetch(`${endpoint?.origin}${path}`, { keepalive: false, signal: AbortSignal.timeout(5_000) });
  return (await response.json()) as T;
}

async function print(endpoint: Endpoint | undefined, lines: number): Promise<void> {
  const answer = await fetch(`${endpoint?.origin}/print?n=${lines}`, { keepalive: false });
  await answer.arrayBuffer();
}

function inOrder(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return endpoints.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
