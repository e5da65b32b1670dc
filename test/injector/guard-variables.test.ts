import { expect, test } from "bun:test";
import { childGuardVariables, guardVariables } from "../../injector/pod/guard-variables.ts";

const environment = {
  LOG_LEVEL: "warn",
  GUARD_LOG_LEVEL: "debug",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "",
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret",
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=secret",
  OTEL_EXPORTER_OTLP_CERTIFICATE: "/etc/ca.pem",
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
  OTEL_TRACES_SAMPLER_ARG: "0.1",
  OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod",
  OTEL_SERVICE_NAME: "mcp-gateway",
  OTEL_SDK_DISABLED: undefined,
  STORE_URL: "postgres://user:password@database/gateway",
};

test("guards get a log level of their own and what telemetry needs, and nothing that may be secret", () => {
  expect(guardVariables(environment)).toEqual({
    LOG_LEVEL: "debug",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.1",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod",
  });
  expect(guardVariables({})).toEqual({});
});

test.each(["https://user:password@collector:4318", "https://collector/v1/traces?api-key=secret"])(
  "an endpoint that holds a credential stays with whom it was given to: %s",
  (url) => {
    expect(guardVariables({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url })).toEqual({});
  },
);

test("what names a single pod or program is not said of guards, so that all who add them add the same", () => {
  const of = (pod: string) =>
    guardVariables({
      OTEL_RESOURCE_ATTRIBUTES: [
        "service.name=mcp-gateway",
        `service.instance.id=adapter.${pod}.gateway`,
        "service.version=0.1.0",
        "service.namespace=agents",
        `k8s.pod.name=${pod}`,
        "k8s.container.name=gateway",
        "k8s.node.name=node-1",
        "k8s.replicaset.name=gateway-7d4",
        "k8s.deployment.name=gateway",
        "k8s.namespace.name=adapter",
        ` host.name = ${pod}`,
        "process.pid=7",
        "container.id=1",
        "team=a%2Cb",
      ].join(","),
    });
  expect(of("gateway-a")).toEqual({
    OTEL_RESOURCE_ATTRIBUTES: "service.namespace=agents,k8s.namespace.name=adapter,team=a%2Cb",
  });
  expect(of("gateway-b")).toEqual(of("gateway-a"));
  expect(guardVariables({ OTEL_RESOURCE_ATTRIBUTES: "k8s.pod.name=gateway-a" })).toEqual({});
});

test("guards that are the gateway's own children get all that it has for telemetry, but its name", () => {
  expect(childGuardVariables(environment)).toEqual({
    LOG_LEVEL: "debug",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=secret",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/etc/ca.pem",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.1",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod",
  });
  expect(childGuardVariables({ PATH: "/bin", GATEWAY_KEYS: "k" })).toEqual({});
});
