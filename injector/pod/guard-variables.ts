/** What guards are told about telemetry. No secrets: whoever may read a pod reads its variables. */
const passedOn = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_SDK_DISABLED",
] as const;

/** The variables of guards, from those of the program that adds them: GUARD_LOG_LEVEL, which is their LOG_LEVEL, and OTEL_*. */
export function guardVariables(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const named = { LOG_LEVEL: environment["GUARD_LOG_LEVEL"] };
  const all = { ...named, ...Object.fromEntries(passedOn.map((name) => [name, environment[name]])) };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
