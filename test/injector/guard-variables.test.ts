import { expect, test } from "bun:test";
import { guardVariables } from "../../injector/pod/guard-variables.ts";

test("guards get a log level of their own and what telemetry needs, and nothing that may be secret", () => {
  const variables = guardVariables({
    LOG_LEVEL: "warn",
    GUARD_LOG_LEVEL: "debug",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.1",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod",
    OTEL_SERVICE_NAME: "mcp-gateway",
    OTEL_SDK_DISABLED: undefined,
    STORE_URL: "postgres://user:password@database/gateway",
  });
  expect(variables).toEqual({
    LOG_LEVEL: "debug",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.1",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod",
  });
  expect(guardVariables({})).toEqual({});
});
