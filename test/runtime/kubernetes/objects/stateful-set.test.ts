import { expect, test } from "bun:test";
import type { PodSettings } from "../../../../openapi/pod.ts";
import { podHashAnnotation } from "../../../../gateway/runtime/kubernetes/objects/labels.ts";
import { refusalOf, statefulSetFor } from "../../../../gateway/runtime/kubernetes/objects/stateful-set.ts";
import type { Workload } from "../../../../gateway/runtime/runtime.ts";
import { clusterWorkload, guard, settings } from "./support.ts";

type Container = {
  image: string;
  imagePullPolicy: string;
  env: { name: string; value?: string }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
};

function containerOf(changes: Partial<Workload>, registry = "registry.example.com"): Container {
  const { spec } = statefulSetFor(clusterWorkload(changes), { ...settings, registry });
  const pod = spec?.template?.spec as unknown as { containers: [Container] };
  return pod.containers[0];
}

function hashOf(changes: Partial<Workload>): string | undefined {
  return statefulSetFor(clusterWorkload(changes), settings).metadata?.annotations?.[podHashAnnotation];
}

test("an image is named by registry, name and tag or digest, and a digest need not be pulled again", () => {
  const hex = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
  const cases: [string, string, string, string][] = [
    ["registry.example.com", "1.0.0", "registry.example.com/mcp-example:1.0.0", "Always"],
    ["", "latest", "mcp-example:latest", "Always"],
    ["registry.example.com/a", `sha256:${hex}`, `registry.example.com/a/mcp-example@sha256:${hex}`, "IfNotPresent"],
    ["", "sha256", "mcp-example:sha256", "Always"],
    ["", "sha256:0f1e", "mcp-example:sha256:0f1e", "Always"],
  ];
  for (const [registry, imageVersion, image, imagePullPolicy] of cases) {
    expect(containerOf({ imageVersion }, registry)).toMatchObject({ image, imagePullPolicy });
  }
});

test("the value of a variable arrives as it was written, dollars and all", () => {
  // As the kubelet reads them: `$$` is one dollar, `$(A)` a reference, any other dollar is itself.
  const cases: [string, string][] = [
    ["plain", "plain"],
    ["$(A)", "$$(A)"],
    ["$$(A)", "$$$$(A)"],
    ["$$", "$$$"],
    ["5$", "5$"],
    ["$HOME", "$HOME"],
  ];
  for (const [written, sent] of cases) {
    expect(containerOf({ environment: { A: written } }).env[0]).toEqual({ name: "A", value: sent });
  }
});

test("a program is told its port, unless its settings say another", () => {
  expect(containerOf({ port: 9090 }).env).toEqual([{ name: "PORT", value: "9090" }]);
  expect(containerOf({ port: 9090, environment: { PORT: "1" } }).env).toEqual([{ name: "PORT", value: "1" }]);
});

test("where a request or a limit is set alone, the other's default gives way", () => {
  const cases: [PodSettings["resources"], Container["resources"]["requests"], Container["resources"]["limits"]][] = [
    [undefined, { cpu: "250m", memory: "256Mi" }, { cpu: "1", memory: "512Mi", "ephemeral-storage": "2Gi" }],
    [
      { limits: { cpu: "100m", memory: "128Mi" } },
      { cpu: "100m", memory: "128Mi" },
      { cpu: "100m", memory: "128Mi", "ephemeral-storage": "2Gi" },
    ],
    [
      { requests: { cpu: "2", memory: "600M", ephemeralStorage: "1Gi" } },
      { cpu: "2", memory: "600M", "ephemeral-storage": "1Gi" },
      { cpu: "2", memory: "600M", "ephemeral-storage": "2Gi" },
    ],
    [
      { requests: { memory: "530M" }, limits: { cpu: "0.5" } },
      { cpu: "250m", memory: "530M" },
      { cpu: "0.5", memory: "512Mi", "ephemeral-storage": "2Gi" },
    ],
  ];
  for (const [resources, requests, limits] of cases) {
    expect(containerOf({ pod: { resources } }).resources).toEqual({ requests, limits });
  }
});

test("a change that needs new pods changes their hash, and no other change does", () => {
  const hash = hashOf({});
  expect(hash).toBe("0e761f87274c79e240183ecb00474855");
  expect(hashOf({ replicaCount: 7 })).toBe(hash);
  expect(hashOf({ environment: { B: "2", A: "1" } })).toBe(hashOf({ environment: { A: "1", B: "2" } }));
  const others: Partial<Workload>[] = [
    { uid: "0197c4b2-0000-7000-8000-000000000002" },
    { imageVersion: "1.0.1" },
    { environment: { A: "1" } },
    { useWorkloadIdentity: true },
    { pod: { template: { spec: { priorityClassName: "tools" } } } },
  ];
  const hashes = others.map(hashOf);
  expect(new Set([hash, ...hashes]).size).toBe(6);
});

test("another image or another setting of guards needs new pods of adapters, and of no tools", () => {
  const others = [
    undefined,
    { image: "mcp-gateway:1", variables: {} },
    { image: "mcp-gateway:2", variables: {} },
    { image: "mcp-gateway:2", variables: { OTEL_TRACES_SAMPLER: "always_off" } },
    guard,
  ];
  const hashes = (kind: Workload["kind"]) =>
    others.map((guard) => {
      const { metadata } = statefulSetFor(clusterWorkload({ kind }), { ...settings, guard });
      return metadata?.annotations?.[podHashAnnotation];
    });
  expect(new Set(hashes("adapter")).size).toBe(5);
  expect(new Set(hashes("tool")).size).toBe(1);
});

test("settings that cannot work are refused in words, before anything is applied", () => {
  const deep = JSON.parse(`{"spec":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`);
  const cases: [PodSettings, string][] = [
    [
      { resources: { requests: { memory: "1Gi" }, limits: { memory: "512Mi" } } },
      "More memory is requested (1Gi) than its limit allows (512Mi).",
    ],
    [{ template: { kind: "Pod" } }, 'The pod template cannot be used: it has "metadata" and "spec", but no "kind".'],
    [
      { template: { spec: { containers: [{ name: "weather-container", $patch: "delete" }] } } },
      'The pod template cannot be used: it removes the container "weather-container".',
    ],
    [
      { template: { spec: { $patch: "replace", containers: [null, { name: "other" }] } } },
      'The pod template cannot be used: it removes the container "weather-container".',
    ],
    [{ template: { spec: null } }, 'The pod template cannot be used: it removes the container "weather-container".'],
    [
      { template: { spec: { containers: [{ image: "x" }] } } },
      'The pod template cannot be used: an item of a list lacks its "name".',
    ],
    [
      { template: { spec: { containers: ["x"] } } },
      'The pod template cannot be used: the items of "containers" are objects.',
    ],
    [{ template: deep }, "The pod template cannot be used: it is nested deeper than 32 levels."],
  ];
  for (const [pod, reason] of cases) {
    expect(refusalOf(clusterWorkload({ pod }), settings)).toBe(reason);
  }
  expect(refusalOf(clusterWorkload({ pod: { template: { spec: { hostNetwork: true } } } }), settings)).toBeUndefined();
  expect(() => statefulSetFor(clusterWorkload({ pod: { template: { kind: "Pod" } } }), settings)).toThrow('no "kind"');
});
