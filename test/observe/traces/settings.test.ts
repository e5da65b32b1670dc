import { expect, test } from "bun:test";
import { TraceEnvironment, traceSettingsOf } from "../../../gateway/observe/traces/settings.ts";

const own = { "service.name": "sample", "k8s.pod.uid": "1" };
const settingsFrom = (variables: Record<string, string>) => traceSettingsOf(TraceEnvironment.parse(variables), own);
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

test("without an endpoint, and where they are switched off, there are no spans", () => {
  expect(settingsFrom({})).toBeUndefined();
  expect(settingsFrom({ ...endpoint, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
  expect(settingsFrom({ ...endpoint, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
});

test("an endpoint alone is enough", () => {
  expect(settingsFrom(endpoint)).toEqual({
    url: "http://collector:4318/v1/traces",
    headers: {},
    timeoutMs: 10_000,
    sampler: "parentbased_few",
    ratio: 1,
    delayMs: 5000,
    maxWaiting: 2048,
    resource: { "service.name": "sample", "k8s.pod.uid": "1" },
  });
});

test("what is said of traces counts more than what is said of everything", () => {
  const settings = settingsFrom({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/base/",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.example/post",
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%20b, tenant = one",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "tenant=two",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2000",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
    OTEL_SERVICE_NAME: "named",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=resource,k8s.pod.uid=2,team=a%2Cb",
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_BSP_MAX_QUEUE_SIZE: "10",
  });
  expect(settings).toEqual({
    url: "https://traces.example/post",
    headers: { "api-key": "a b", tenant: "two" },
    timeoutMs: 2000,
    sampler: "parentbased_traceidratio",
    ratio: 0.25,
    delayMs: 100,
    maxWaiting: 10,
    resource: { "service.name": "named", "k8s.pod.uid": "2", team: "a,b" },
  });
  expect(settingsFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/base/" })?.url).toBe(
    "http://collector:4318/base/v1/traces",
  );
});

test.each([
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a token"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a=%"],
  ["OTEL_TRACES_SAMPLER", "sometimes"],
  ["OTEL_TRACES_SAMPLER_ARG", "2"],
  ["OTEL_RESOURCE_ATTRIBUTES", "=x"],
  ["OTEL_BSP_MAX_QUEUE_SIZE", "0"],
])("%s cannot be %j", (name, value) => {
  const parsed = TraceEnvironment.safeParse({ [name]: value });
  expect(parsed.error?.issues.map(({ path }) => path)).toEqual([[name]]);
});
