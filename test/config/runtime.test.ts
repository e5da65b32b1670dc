import { expect, test } from "bun:test";
import { readConfig } from "../../gateway/config.ts";

const problems = (environment: Record<string, string>) => {
  const read = readConfig(environment);
  return read.state === "invalid" ? read.problems : [];
};
const runtime = (environment: Record<string, string>) => {
  const read = readConfig(environment);
  if (read.state === "invalid") throw new Error(read.problems.join());
  return read.config.runtime;
};

test("in a cluster, the pod's own service account and the names of the manifests are taken", () => {
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "6443", PATH: "/bin", HOME: "/" };
  expect(runtime({ RUNTIME: "kubernetes", GUARD_IMAGE: "gateway:1", ...pod })).toEqual({
    kind: "kubernetes",
    guard: { image: "gateway:1", variables: {} },
    guardKeySettleMs: 150_000,
    namespace: "adapter",
    registry: "",
    serviceAccount: "workload-sa",
    gatewayName: "mcp-gateway",
    podName: undefined,
    ownNamespace: "adapter",
    cluster: {
      kubeconfig: undefined,
      context: undefined,
      home: "/",
      service: { host: "10.0.0.1", port: "6443" },
      environment: pod,
    },
  });
});

test("everything about the cluster can be set", () => {
  const environment = {
    RUNTIME: "kubernetes",
    GUARD: "off",
    KUBECONFIG: "/a:/b",
    KUBE_CONTEXT: "kind",
    KUBE_NAMESPACE: "team-a",
    CONTAINER_REGISTRY: "localhost:5000/mcp",
    WORKLOAD_SERVICE_ACCOUNT: "identity",
    POD_NAME: "mcp-gateway-0",
    POD_NAMESPACE: "gateways",
  };
  expect(runtime(environment)).toMatchObject({
    namespace: "team-a",
    registry: "localhost:5000/mcp",
    serviceAccount: "identity",
    podName: "mcp-gateway-0",
    ownNamespace: "gateways",
    cluster: { kubeconfig: "/a:/b", context: "kind", service: undefined, environment: { KUBECONFIG: "/a:/b" } },
  });
  expect(
    runtime({ RUNTIME: "kubernetes", GUARD: "off", ContainerRegistrySettings__Endpoint: "acr.example.com" }),
  ).toMatchObject({
    registry: "acr.example.com",
  });
});

test("a cluster has guards unless they are turned off by name, a laptop only if it is asked to", () => {
  expect(problems({ RUNTIME: "kubernetes" })).toEqual([
    "GUARD_IMAGE: needed with RUNTIME=kubernetes, for the guard before each adapter: an image of this gateway; or set GUARD=off, and nothing but network policies keeps others from an adapter",
  ]);
  expect(problems({ RUNTIME: "kubernetes", GUARD_IMAGE: "an image" })[0]).toStartWith("GUARD_IMAGE: must be an image");
  expect(runtime({ RUNTIME: "kubernetes", GUARD: "off", GUARD_IMAGE: "gateway:1" })).toMatchObject({
    guard: undefined,
  });
  expect(runtime({})).toMatchObject({ guarded: false, guardKeySettleMs: 10_000 });
  expect(runtime({ GUARD: "on", GUARD_KEY_SETTLE_SECONDS: "3" })).toMatchObject({
    guarded: true,
    guardKeySettleMs: 3000,
  });
});

test("guards get what they need to send spans, and no credentials", () => {
  const environment = {
    RUNTIME: "kubernetes",
    GUARD_IMAGE: "gateway:1",
    GUARD_LOG_LEVEL: "warn",
    LOG_LEVEL: "debug",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret",
    GATEWAY_KEYS: "k".repeat(32),
  };
  expect(runtime(environment)).toMatchObject({
    guard: {
      image: "gateway:1",
      variables: { LOG_LEVEL: "warn", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" },
    },
  });
});

test("a credential plugin sees what any program sees, and nothing of the gateway's own settings", () => {
  const read = runtime({
    RUNTIME: "kubernetes",
    GUARD_IMAGE: "gateway:1",
    PATH: "/bin",
    HOME: "/home/ada",
    HTTPS_PROXY: "http://proxy:3128",
    AWS_PROFILE: "ops",
    KUBECONFIG: "/a",
    GATEWAY_KEYS: "k".repeat(32),
    STORE_URL: "pglite:./x",
    AzureAd__TenantId: "",
    WorkloadIdentitySettings__RequiredRoles__0: "x",
    SECRET_GITHUB_TOKEN: "t",
  });
  expect(read.kind === "kubernetes" && read.cluster.environment).toEqual({
    PATH: "/bin",
    HOME: "/home/ada",
    HTTPS_PROXY: "http://proxy:3128",
    AWS_PROFILE: "ops",
    KUBECONFIG: "/a",
  });
});

test.each([
  [{ RUNTIME: "docker" }, "RUNTIME: "],
  [{ KUBE_NAMESPACE: "Team_A" }, "KUBE_NAMESPACE: must be a DNS label"],
  [{ KUBE_NAMESPACE: "a".repeat(64) }, "KUBE_NAMESPACE: must be a DNS label"],
  [{ CONTAINER_REGISTRY: "https://registry.example.com" }, "CONTAINER_REGISTRY: must be a registry"],
  [{ CONTAINER_REGISTRY: "registry.example.com/" }, "CONTAINER_REGISTRY: must be a registry"],
])("%p is refused by name", (environment, problem) => {
  expect(problems(environment as Record<string, string>)[0]).toStartWith(problem);
});

test("a gateway in a cluster still listens on loopback until HOST says otherwise", () => {
  const cluster = { RUNTIME: "kubernetes", GUARD: "off" };
  expect(readConfig(cluster)).toMatchObject({ config: { host: "127.0.0.1" } });
  expect(problems({ ...cluster, HOST: "0.0.0.0" })[0]).toContain("ALLOW_DEV_AUTH_ON_NETWORK=true");
});
