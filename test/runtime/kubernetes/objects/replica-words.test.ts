import { expect, test } from "bun:test";
import type { ClusterEvent, Pod } from "../../../../gateway/runtime/kubernetes/objects/shapes.ts";
import { statusOf } from "../../../../gateway/runtime/kubernetes/objects/status.ts";
import { about, type Container, pod, scheduled, started, statefulSet, unready } from "./seen.ts";

function replicaOf(shown: Pod, events: ClusterEvent[] = []) {
  return statusOf({ statefulSet: statefulSet(), pods: [shown], events }).replicas[0];
}

const image = "registry.example.com/weather:2";
const exit = { exitCode: 1, reason: "Error", startedAt: "2026-11-23T09:00:10Z" };
const waiting = (reason: string, message: string): Partial<Container> => ({ state: { waiting: { reason, message } } });
const looping = (lastState: Container["lastState"]): Partial<Container> => ({
  restartCount: 4,
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } },
  lastState: lastState ?? {},
});

/** promise, pod, events, state and reason */
const cases: [string, Pod, ClusterEvent[], string, string][] = [
  [
    "an image that is not there",
    unready(
      waiting(
        "ErrImagePull",
        `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`,
      ),
    ),
    [],
    "starting",
    `the image ${image} cannot be pulled: not found`,
  ],
  [
    "an image that is not there, later",
    unready(
      waiting(
        "ImagePullBackOff",
        `Back-off pulling image "${image}": ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": unexpected status from HEAD request to https://registry.example.com/v2/weather/manifests/2: 401 Unauthorized`,
      ),
    ),
    [],
    "starting",
    `the image ${image} cannot be pulled: unexpected status from HEAD request to https://registry.example.com/v2/weather/manifests/2: 401 Unauthorized`,
  ],
  [
    "an image that is not there, where only the event says why",
    unready(waiting("ImagePullBackOff", `Back-off pulling image "${image}"`)),
    [
      about(
        "Pod",
        "Failed",
        `Failed to pull image "${image}": rpc error: code = Unknown desc = ${image}: no such host`,
        "2026-11-23T09:00:00Z",
      ),
      about("Pod", "Failed", "Error: ImagePullBackOff", "2026-11-23T09:01:00Z"),
    ],
    "starting",
    `the image ${image} cannot be pulled: no such host`,
  ],
  [
    "an image that may not be pulled",
    unready(waiting("ErrImageNeverPull", `Container image "${image}" is not present with pull policy of Never`)),
    [],
    "starting",
    `the image ${image} is not on the node, and may not be pulled there`,
  ],
  ["a program that crashes", unready(looping({ terminated: exit })), [], "waiting", "exited with code 1"],
  ["a program that has just crashed", unready({ state: { terminated: exit } }), [], "waiting", "exited with code 1"],
  [
    "a program that needs too much memory",
    unready(looping({ terminated: { exitCode: 137, reason: "OOMKilled" } })),
    [],
    "waiting",
    "killed: it needed more memory than its limit of 512Mi",
  ],
  ["a program that is killed", unready(looping({ terminated: { signal: 9 } })), [], "waiting", "killed by signal 9"],
  [
    "a program that never opens its port",
    unready(looping({ terminated: { ...exit, exitCode: 143 } })),
    [
      about(
        "Pod",
        "Unhealthy",
        "Startup probe failed: dial tcp 10.1.0.7:8000: connect: connection refused",
        "2026-11-23T09:02:00Z",
      ),
      about(
        "Pod",
        "Killing",
        "Container weather-container failed startup probe, will be restarted",
        "2026-11-23T09:02:10Z",
      ),
    ],
    "waiting",
    "killed, for it did not start in time: dial tcp 10.1.0.7:8000: connect: connection refused",
  ],
  [
    "a program that crashes after one that was killed",
    unready(looping({ terminated: { ...exit, startedAt: "2026-11-23T09:03:00Z" } })),
    [
      about("Pod", "Unhealthy", "Startup probe failed: connection refused", "2026-11-23T09:02:00Z"),
      about(
        "Pod",
        "Killing",
        "Container weather-container failed startup probe, will be restarted",
        "2026-11-23T09:02:10Z",
      ),
    ],
    "waiting",
    "exited with code 1",
  ],
  [
    "a secret that is not there",
    unready(waiting("CreateContainerConfigError", 'secret "github" not found')),
    [],
    "starting",
    'the secret "github" does not exist',
  ],
  [
    "a secret without that key",
    unready(waiting("CreateContainerConfigError", "couldn't find key token in Secret adapter/github")),
    [],
    "starting",
    'the secret "github" has no key "token"',
  ],
  [
    "a command that is not in the image",
    unready(
      waiting("RunContainerError", 'rpc error: code = Unknown desc = exec: "/bin/server": no such file or directory'),
    ),
    [],
    "starting",
    'it cannot be started: exec: "/bin/server": no such file or directory',
  ],
  [
    "no node has room",
    pod(0, {
      phase: "Pending",
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message:
            "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
        },
      ],
    }),
    [],
    "starting",
    "no node can take it: 0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory",
  ],
  ["the scheduler has yet to look", pod(0, { phase: "Pending" }), [], "starting", "it waits for a node"],
  [
    "evicted",
    pod(0, { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." }),
    [],
    "waiting",
    "evicted: The node was low on resource: memory.",
  ],
  [
    "the node is lost",
    unready({ state: started }, { conditions: [scheduled, { type: "Ready", status: "Unknown" }] }),
    [],
    "starting",
    "its node does not answer",
  ],
  [
    "its container is being created",
    unready(waiting("ContainerCreating", "")),
    [],
    "starting",
    "its container is being created",
  ],
  [
    "a volume that is not there",
    unready(waiting("ContainerCreating", "")),
    [
      about(
        "Pod",
        "FailedMount",
        'MountVolume.SetUp failed for volume "config" : configmap "config" not found',
        "2026-11-23T09:00:00Z",
      ),
    ],
    "starting",
    'it cannot be set up: MountVolume.SetUp failed for volume "config" : configmap "config" not found',
  ],
  [
    "an init container that runs",
    unready(waiting("PodInitializing", ""), {
      initContainerStatuses: [{ name: "setup", ready: false, state: started }],
    }),
    [],
    "starting",
    'container "setup" has to go first',
  ],
  [
    "an init container that fails",
    unready(waiting("PodInitializing", ""), {
      initContainerStatuses: [{ name: "setup", ready: false, ...looping({ terminated: { exitCode: 2 } }) }],
    }),
    [],
    "starting",
    'container "setup": exited with code 2',
  ],
  [
    "an init container whose image is not there",
    unready(waiting("PodInitializing", ""), {
      initContainerStatuses: [{ name: "setup", ready: false, ...waiting("ErrImagePull", "not found") }],
    }),
    [],
    "starting",
    'container "setup": the image registry.example.com/setup:1 cannot be pulled: not found',
  ],
  [
    "an init container that is done",
    unready(waiting("PodInitializing", ""), {
      initContainerStatuses: [
        { name: "setup", ready: true, state: { terminated: { exitCode: 0, reason: "Completed" } } },
      ],
    }),
    [],
    "starting",
    "its container is being created",
  ],
  [
    "it runs, and its probe has yet to answer",
    unready({ state: started }, { phase: "Running" }),
    [about("Pod", "Unhealthy", "Startup probe failed: of the process before", "2026-11-23T08:59:00Z")],
    "starting",
    "it has not answered its startup probe yet",
  ],
  [
    "a startup probe that fails",
    unready({ state: started }, { phase: "Running" }),
    [about("Pod", "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 500", "2026-11-23T09:00:20Z")],
    "starting",
    "its startup probe fails: HTTP probe failed with statuscode: 500",
  ],
  [
    "a readiness probe that fails",
    unready({ state: started, started: true }, { phase: "Running" }),
    [
      about("Pod", "Unhealthy", "Readiness probe failed: dial tcp 10.1.0.7:8000: i/o timeout", "2026-11-23T09:10:00Z"),
      about("Pod", "Unhealthy", "Startup probe failed: told late", "2026-11-23T09:11:00Z"),
    ],
    "starting",
    "its readiness probe fails: dial tcp 10.1.0.7:8000: i/o timeout",
  ],
  [
    "a guard that is not ready, whatever its probe's event says",
    unready(
      { state: started, started: true, ready: true },
      {
        phase: "Running",
        initContainerStatuses: [
          { name: "setup", ready: true, state: { terminated: { exitCode: 0, reason: "Completed" } } },
          { name: "mcp-guard", ready: false, started: true, state: started },
        ],
      },
    ),
    [
      about(
        "Pod",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        "2026-11-23T09:10:00Z",
      ),
    ],
    "starting",
    'container "mcp-guard" is not ready',
  ],
];

for (const [promise, shown, events, state, reason] of cases) {
  test(`in words: ${promise}`, () => {
    expect(replicaOf(shown, events)).toMatchObject({ state: state as "starting", reason });
  });
}

test("restarts are those of the workload's own program", () => {
  expect(replicaOf(unready(looping({ terminated: exit })))?.restarts).toBe(4);
});

test("what others say is cut short", () => {
  const reason = replicaOf(unready(waiting("CreateContainerError", "x".repeat(100_000))))?.reason ?? "";
  expect(reason).toHaveLength(240);
  expect(reason).toEndWith("x…");
});
