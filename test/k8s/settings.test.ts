import { describe, expect, test } from "bun:test";
import { readConfig } from "../../gateway/config.ts";
import { Environment } from "../../gateway/config/environment.ts";
import { readConfig as readInjectorConfig } from "../../injector/config.ts";
import { guardVariables } from "../../injector/pod/guard-variables.ts";
import { type Manifest, type Rendering, renderings } from "./manifests.ts";

/** What the secret files hold that a cluster mounts. */
const secretFiles: Readonly<Record<string, string>> = {
  // The database of a cluster comes with the store that speaks to it.
  "/etc/mcp-gateway/secrets/store-url": "pglite:/data\n",
  "/etc/mcp-gateway/secrets/gateway-keys": `${"1".repeat(32)},${"2".repeat(32)}\n`,
};

describe.each(renderings)("$folder", ({ folder, all, settings, container, pod, injector }) => {
  test("every setting is one that the gateway knows", () => {
    const names = [...Object.keys(settings), ...container.env.map(({ name }) => name)];
    const known = Object.keys(Environment.shape);
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(names).toContain("KUBE_NAMESPACE");
    expect(settings).toMatchObject({ RUNTIME: "kubernetes", HOST: "0.0.0.0", PORT: "8000" });
  });

  test("the gateway takes these values", () => {
    const read = readConfig(settings, (path) => secretFiles[path] ?? "");
    if (read.state !== "read") throw new Error(read.problems.join("\n"));
    expect(read.config.auth.kind).toBe(folder === "k8s/overlays/local" ? "dev" : "oidc");
    expect(read.config.loopback).toBe(false);
    expect(read.config.runtime.kind).toBe("kubernetes");
    expect(read.config.gatewayKeys.kind).toBe(folder === "k8s/overlays/local" ? "kept" : "watched");
    expect(read.config.shutdownDelayMs).toBe(0);
  });

  test("the injector takes these values, and puts the same guards into pods as the gateway", () => {
    const environment = injector.container.env.map(({ name, value, valueFrom }) => {
      return [name, value ?? settings[valueFrom?.configMapKeyRef?.key ?? ""] ?? "adapter"] as const;
    });
    const read = readInjectorConfig(Object.fromEntries(environment));
    if (read.state !== "read") throw new Error(read.problems.join("\n"));
    const traced = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://mcp-gateway-collector.mcp-gateway-traces:4318",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.1",
    };
    const variables = folder === "test/k8s/everything" ? traced : {};
    expect(read.config.guard).toEqual({ image: settings["GUARD_IMAGE"] ?? "", variables });
    expect(guardVariables(settings)).toEqual(variables);
    expect(read.config.certificates.kind).toBe(folder === "test/k8s/everything" ? "mounted" : "kept");
  });

  test("a gateway that goes has the time it takes", () => {
    const { preStop } = container.lifecycle;
    const neededSeconds = preStop.sleep.seconds + Number(settings["DRAIN_SECONDS"]);
    expect(preStop.sleep.seconds).toBe(5);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(neededSeconds + 5);
  });

  test("figures are on a port of their own, which the pod names and no Service leads to", () => {
    const read = readConfig(settings, (path) => secretFiles[path] ?? "");
    if (read.state !== "read") throw new Error(read.problems.join("\n"));
    expect(read.config.metrics).toEqual({ kind: "own-port", port: 9090 });
    expect(container.ports).toEqual([
      { name: "http", containerPort: 8000 },
      { name: "metrics", containerPort: 9090 },
    ]);
    for (const { spec } of all<Manifest & { spec: { ports: readonly object[] } }>("Service")) {
      expect(spec.ports.filter((port) => /9090|metrics|8080|health|15020/.test(JSON.stringify(port)))).toEqual([]);
    }
  });

  test("no secret is among the settings; each is a file that changes under a running gateway", () => {
    expect(settings).not.toHaveProperty("GATEWAY_KEYS");
    expect(settings["STORE_URL"] ?? "pglite:").toStartWith("pglite:");
    const files = Object.entries(settings).filter(([name]) => name.endsWith("_FILE"));
    expect(files.map(([, file]) => file).toSorted()).toEqual([
      "/etc/mcp-gateway/log/level",
      ...(folder === "k8s/overlays/local"
        ? []
        : ["/etc/mcp-gateway/secrets/gateway-keys", "/etc/mcp-gateway/secrets/store-url"]),
    ]);
    expect(container.volumeMounts.filter(({ subPath }) => subPath !== undefined)).toEqual([]);
    for (const [, file] of files) expect(mounted({ container, pod }, file)).toBe(true);
  });
});

test("a base without an overlay believes nobody", async () => {
  const base = await Bun.file(`${import.meta.dir}/../../k8s/base/kustomization.yaml`).text();
  expect(base).toContain("\n      - AUTH=oidc\n");
  expect(base).not.toContain("ALLOW_DEV_AUTH_ON_NETWORK");
});

/** Whether a volume at the file's folder brings a file of that name; what others bring, the provider or a ConfigMap's keys say. */
function mounted({ container, pod }: Pick<Rendering, "container" | "pod">, file: string): boolean {
  const end = file.lastIndexOf("/");
  const mount = container.volumeMounts.find(({ mountPath }) => mountPath === file.slice(0, end));
  const volume = pod.volumes.find(({ name }) => name === mount?.name);
  const brought = volume?.projected?.sources.flatMap(({ secret }) => secret.items.map(({ path }) => path));
  if (volume?.configMap) return volume.configMap.name === "mcp-gateway-log" && file.endsWith("/level");
  return volume?.csi !== undefined || (brought?.includes(file.slice(end + 1)) ?? false);
}
